from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from cli.client import AnswerError, AwayError, Usher, path, refusal
from cli.events import data, follow_stream, line
from shared.schemas.secret import Secret


class FakeGateway:
    """Answers with what it is given, and keeps what it was asked."""

    def __init__(self, answer: Callable[[], httpx.Response]) -> None:
        self.asked: list[httpx.Request] = []
        self._answer = answer

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return self._answer()


def usher(gateway: Callable[[httpx.Request], httpx.Response]) -> Usher:
    http = httpx.AsyncClient(transport=httpx.MockTransport(gateway))
    return Usher(http, "http://usher.test:8000", Secret("usha_canary"))


async def test_a_question_carries_the_key_and_only_the_filters_that_are_set() -> None:
    gateway = FakeGateway(lambda: httpx.Response(200, json={"items": []}))

    answer = await usher(gateway).get("/api/history", search="a b", person=None, limit=5)

    assert answer == {"items": []}
    assert str(gateway.asked[0].url) == "http://usher.test:8000/api/history?search=a+b&limit=5"
    assert gateway.asked[0].headers["X-API-Key"] == "usha_canary"


async def test_an_answer_without_content_is_nothing() -> None:
    gateway = FakeGateway(lambda: httpx.Response(204))

    await usher(gateway).delete("/api/deadletters/1")

    assert gateway.asked[0].method == "DELETE"


@pytest.mark.parametrize("content", [b"<html>", b'"\xff"', b"[" * 100_000])
async def test_what_is_not_usher_is_told(content: bytes) -> None:
    with pytest.raises(AnswerError, match="something other than Usher answers at "):
        await usher(FakeGateway(lambda: httpx.Response(200, content=content))).get("/api/history")


async def test_nobody_there_is_told_with_the_address_and_not_the_key() -> None:
    def nobody(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused", request=request)

    with pytest.raises(AwayError) as caught:
        await usher(nobody).get("/api/history")

    assert caught.value.detail == "Usher does not answer at http://usher.test:8000: is it running (`usher run`)?"


@pytest.mark.parametrize(
    ("status", "content", "expected"),
    [
        (404, b'{"title":"Not found","detail":"there is no event 7"}', "there is no event 7"),
        (
            400,
            b'{"title":"Invalid input","errors":[{"path":"limit","message":"at most 200"}]}',
            "Invalid input (limit: at most 200)",
        ),
        (
            401,
            b'{"title":"Not authorized"}',
            "Not authorized (the key is USHER_API_KEY, or that of the data folder)",
        ),
        (502, b"<html>", "Usher answered 502"),
        (500, b"\xff\xfe", "Usher answered 500"),
        (500, b"[]", "Usher answered 500"),
        (500, b"[" * 100_000, "Usher answered 500"),
        (500, b'{"detail":"two\\nlines"}', "two lines"),
    ],
)
def test_a_refusal_is_one_line(status: int, content: bytes, expected: str) -> None:
    assert refusal(status, content).detail == expected


def test_an_id_cannot_lead_to_another_path() -> None:
    assert path("api", "deadletters", "../keys?x#y") == "/api/deadletters/..%2Fkeys%3Fx%23y"


async def lines(text: str) -> AsyncIterator[str]:
    for each in text.split("\n"):
        yield each


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('data: {"id":1}\n\ndata: {"id":2}\n\n', ['{"id":1}', '{"id":2}']),
        ("event: message\nid: 7\ndata: x\n\n", ["x"]),
        ('data: {"id":1}\nevent: run\n\ndata: x\n\n', ["x"]),
        (": ping\n\n: ping\n\n", []),
        ("data: a\ndata: b\n\n", ["a\nb"]),
        ("data:no space\n\n", ["no space"]),
        ("data: cut off", []),
    ],
)
async def test_the_data_of_a_stream_is_found(text: str, expected: list[str]) -> None:
    assert [item async for item in data(lines(text))] == expected


async def test_a_stream_that_never_began_is_an_error_and_not_waited_for() -> None:
    def nobody(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused", request=request)

    with pytest.raises(AwayError):
        await anext(follow_stream(usher(nobody)))


async def test_a_stream_that_is_refused_is_an_error() -> None:
    gateway = FakeGateway(lambda: httpx.Response(401, json={"detail": "no key"}))

    with pytest.raises(AnswerError, match="no key"):
        await anext(follow_stream(usher(gateway)))


def test_a_line_for_people_has_what_is_there_and_moves_no_cursor() -> None:
    shown = line('{"status":"ignored","source":"plex","event":null,"reason":"\\u001b[2J"}')

    assert shown == "ignored  plex  �[2J"


def test_a_line_that_is_no_json_is_shown_as_it_is() -> None:
    assert line("\x1b nonsense") == "� nonsense"
