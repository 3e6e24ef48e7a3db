"""How a request is built, and what cannot be sent."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clients.api import Api, path_segment
from shared.errors import InvalidError
from shared.http.calls import RefusedError
from shared.http.upstream import Upstream
from shared.schemas.secret import Secret
from tests.unit.clients.scripted import Scripted, good


def api(server: Scripted, url: str = "http://attic:5055") -> Api:
    return Api(server.http, Upstream("Attic"), url=url)


async def test_a_space_is_percent_encoded_and_never_a_plus() -> None:
    server = Scripted(good({}))

    await api(server).send("GET", "/search", query={"query": "the matrix + é/&?#", "page": 1, "language": None})

    assert server.last.url.raw_path == b"/search?query=the%20matrix%20%2B%20%C3%A9%2F%26%3F%23&page=1"


@given(st.text(min_size=1))
async def test_whatever_is_asked_for_arrives_as_it_was(text: str) -> None:
    server = Scripted(good({}))

    await api(server).send("GET", "/search", query={"query": text})

    sent = server.last.url.params["query"]
    assert sent == text.encode(errors="replace").decode()
    assert "+" not in str(server.last.url)


@pytest.mark.parametrize("url", ["http://attic:5055", "http://attic:5055/", "http://attic:5055//"])
async def test_a_slash_at_the_end_of_an_address_changes_nothing(url: str) -> None:
    server = Scripted(good({}))

    await api(server, url).send("GET", "/status")

    assert str(server.last.url) == "http://attic:5055/status"


@pytest.mark.parametrize("value", ["a/b", "a?b=c", "a#b", "..%2f..", "ü", "\x00", "\ud800", "a b"])
async def test_an_id_stays_one_part_of_the_path(value: str) -> None:
    server = Scripted(good({}))

    await api(server).send("GET", f"/users/{path_segment(value)}/me")

    assert server.last.url.raw_path.count(b"/") == 3
    assert server.last.url.raw_path.endswith(b"/me")
    assert not server.last.url.query


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_an_id_that_leads_elsewhere_is_refused(value: str) -> None:
    with pytest.raises(InvalidError):
        path_segment(value)


@pytest.mark.parametrize(
    "token", ["kühl", "tok\r\nX-Evil: 1", "tok\nx", "tok\x00x", " tok-1", "tok-1 ", "\ud800", "\x7f"]
)
async def test_a_token_that_no_header_can_hold_is_refused_without_showing_it(token: str) -> None:
    server = Scripted(good({}))

    with pytest.raises(InvalidError) as raised:
        await api(server).send("GET", "/", headers={"X-Plex-Token": Secret(token)})

    assert token.strip() not in str(raised.value)
    assert server.asked == []


async def test_secrets_in_a_body_are_sent() -> None:
    server = Scripted(good({}))

    await api(server).send("POST", "/auth", body={"password": Secret("hunter22"), "name": "anna"})

    assert server.body == {"password": "hunter22", "name": "anna"}
    assert server.last.headers["Content-Type"] == "application/json"


async def test_what_cannot_be_sent_is_a_mistake_of_ours() -> None:
    with pytest.raises(TypeError, match="object"):
        await api(Scripted(good({}))).send("POST", "/", body={"thing": object()})


async def test_a_status_that_is_expected_is_an_answer() -> None:
    server = Scripted(httpx.Response(404, content=b"none"))

    response = await api(server).send("GET", "/", expects={404})

    assert response.content == b"none"


@pytest.mark.parametrize("url", ["http://a:b:c", "ftp://attic", "attic"])
async def test_an_address_that_is_none_is_refused(url: str) -> None:
    async with httpx.AsyncClient() as http:
        with pytest.raises(RefusedError, match="cannot be sent"):
            await Api(http, Upstream("Attic"), url=url).send("GET", "/")
