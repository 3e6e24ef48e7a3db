"""Errors about bad input: always the same shape, in the callers' names."""

import asyncio
from typing import Any

import httpx
import msgspec
import pytest

from tests.integration.gateway.house import ADMIN, KEY, House
from tests.integration.gateway.serving import Gateway, head

JSON = {**ADMIN, "Content-Type": "application/json"}
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def house(modules_house: House) -> House:
    """One for all tests: none of them leaves anything behind."""
    return modules_house


async def got(house: House, address: str) -> httpx.Response:
    return await house.http.get(address, headers=ADMIN)


async def posted(house: House, path: str, content: bytes) -> Any:
    answer = await house.http.post(path, content=content, headers=JSON)

    assert answer.status_code == 400, answer.text
    return answer.json()


@pytest.mark.parametrize(
    ("query", "path", "message"),
    [
        ("/api/history?type=film", "type", "Invalid enum value 'film'"),
        ("/api/history/stats?type=film", "type", "Invalid enum value 'film'"),
        ("/api/history?limit=0", "limit", "Expected `int` >= 1"),
        ("/api/events/x?full=yes", "full", "Invalid enum value 'yes'"),
        (
            "/api/history?kind=movie",
            "kind",
            "is not known: this takes person, type, since, until, search, limit, offset",
        ),
        ("/api/history?since=x", "since", None),
        ("/api/events?until=2026-02-30", "until", None),
        ("/api/audit?since=0001-01-01", "since", "expected a year from 1900 to 9998"),
        ("/api/events?limt=5", "limt", None),
        ("/api/events?=5", "", None),
        ("/api/events?limit=1&limit=2", "limit", "is given more than once"),
        ("/api/events?limit=1&limit=1", "limit", "is given more than once"),
        ("/api/events/stream?since=2026-01-01", "since", "is not known: this takes no parameters"),
        ("/api/auth/verify?x", "x", "is not known: this takes no parameters"),
    ],
)
async def test_a_wrong_query_is_named_as_the_caller_names_it(
    house: House, query: str, path: str, message: str | None
) -> None:
    answer = await got(house, query)

    assert answer.status_code == 400, answer.text
    [fault] = answer.json()["errors"]
    assert fault["path"] == path
    assert message is None or fault["message"] == message


async def test_every_unknown_and_doubled_parameter_is_named(house: House) -> None:
    answer = await got(house, f"/api/keys?limit=1&a=1&limit=2&b=2&a=3&{'c' * 500}=canary")

    assert [fault["path"] for fault in answer.json()["errors"]] == ["limit", "a", "b", "c" * 50]
    assert "canary" not in answer.text


async def test_nobody_learns_of_parameters_without_a_credential(house: House) -> None:
    assert (await house.http.get("/api/keys?nope=1")).status_code == 401


async def test_a_write_is_not_done_where_its_query_is_wrong(house: House) -> None:
    answer = await house.post("/api/keys?dry_run=true", {"name": "x", "scopes": ["read"]})

    assert answer.status_code == 400, answer.text
    assert (await house.get("/api/keys")).json()["total"] == 1


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/api/keys", '{"name": …, "scopes": …}'),
        ("/api/webhooks/secrets", '{"source": …, "server": …}'),
        ("/api/people/p1/merge", '{"merged_id": …}'),
        ("/api/auth/login", '{"username": …, "password": …}'),
    ],
)
async def test_a_missing_body_is_said_with_what_to_send(house: House, path: str, wanted: str) -> None:
    problem = await posted(house, path, b"")

    assert problem["errors"] == [{"path": "body", "message": f"a JSON body is missing: send {wanted}"}]


@pytest.mark.parametrize(
    ("content", "path", "message"),
    [
        (b"null", "body", "Expected `object`, got `null`"),
        (b"[]", "body", "Expected `object`, got `array`"),
        (b"{", "body", "Input data was truncated"),
        (b"\xff", "body", None),
        (b"[" * 300, "body", None),
        (b'{"name": 1, "scopes": ["read"]}', "name", "Expected `str`, got `int`"),
        (b'{"name": "x", "scopes": ["read", "root"]}', "scopes[1]", "Invalid enum value 'root'"),
        (b'{"name": "x"}', "scopes", "is missing"),
        (b'{"name": "x", "scopes": ["read"], "admin": true}', "admin", "is not known"),
    ],
)
async def test_a_wrong_body_is_named_where_it_is_wrong(
    house: House, content: bytes, path: str, message: str | None
) -> None:
    problem = await posted(house, "/api/keys", content)

    [fault] = problem["errors"]
    assert fault["path"] == path
    assert message is None or fault["message"] == message
    assert "'data'" not in str(problem)


@pytest.mark.parametrize("name", ["", " ", "   ", "\u00a0\u3000", "\t"])
@pytest.mark.parametrize(
    ("path", "field", "body"),
    [
        ("/api/keys", "name", {"scopes": ["read"]}),
        ("/api/webhooks/secrets", "server", {}),
        ("/api/people/unclaimed/claim", "name", {"source": "plex", "server": "s", "account_id": "1"}),
    ],
)
async def test_a_blank_name_is_refused(house: House, path: str, field: str, body: dict[str, Any], name: str) -> None:
    problem = await posted(house, path, msgspec.json.encode({**body, field: name}))

    [fault] = problem["errors"]
    assert fault["path"] == field
    assert not name or fault["message"] == "expected text that is not blank, without control characters"


async def test_a_bad_webhook_says_where_it_is_bad(house: House) -> None:
    answer = await house.http.post(
        "/webhooks/plex", params={"token": "none"}, content=b"{", headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 401

    for content in (b"{", b"\xff", b"[]"):
        answer = await house.http.post(
            "/webhooks/jellyfin?token=ushw_canary-of-the-webhook-secret-aaaaaaaaaaaa", content=content
        )
        assert answer.status_code == 400
        assert answer.json()["errors"], answer.text


async def test_a_status_has_one_title(house: House) -> None:
    titles: dict[int, set[str]] = {}
    for answer in (
        await got(house, "/api/history?type=film"),
        await got(house, "/api/events?nope=1"),
        await house.http.post("/api/keys", content=b"{", headers=JSON),
        await house.http.post("/api/keys", content=b"[" * 300, headers=JSON),
        await house.get("/nowhere"),
        await house.get("/api/events/none"),
        await house.http.put("/api/events"),
        await house.get("/webhooks/plex"),
    ):
        titles.setdefault(answer.status_code, set()).add(answer.json()["title"])

    assert titles == {400: {"Invalid input"}, 404: {"Not found"}, 405: {"Method not allowed"}}


CREDENTIAL = f"X-API-Key: {KEY}"


@pytest.mark.parametrize(
    ("request_", "status", "instance"),
    [
        (head("/api/keys", CREDENTIAL, "Content-Length: x"), 400, "/api/keys"),
        (head("/api/events?search=canary", "X-Long: " + "x" * 70_000, method="GET"), 431, "/api/events"),
        (head("/webhooks/plex/canary", *(f"X-{number}: x" for number in range(200))), 431, "/webhooks/plex"),
        (head("/%77ebhooks/plex/canary", *(f"X-{number}: x" for number in range(200))), 431, "/webhooks/plex"),
        (b"nonsense\r\n\r\n", 400, None),
        (b"GET /" + b"x" * 70_000, 431, None),
    ],
)
async def test_a_refusal_before_routing_names_the_path_if_there_is_one(
    house: House, request_: bytes, status: int, instance: str | None
) -> None:
    answer = await Gateway(house.gateway.port).ask(request_)

    assert answer.status == status
    assert answer.is_problem()
    assert answer.json().get("instance") == instance
    assert b"canary" not in answer.body
    assert bool(answer.json().get("errors")) == (status == 400)


SPELLINGS = (
    "/webhooks/plex/canary",
    "/webhooks/plex/canary/",
    "/webhooks/plex/canary/more",
    "//webhooks/plex/canary",
    "/webhooks//plex//canary",
    "/Webhooks/plex/canary",
    "/WEBHOOKS/PLEX/canary",
    "/webhook/plex/canary",
    "/webhooks%2Fplex%2Fcanary",
    "/webhooks/plex%2Fcanary",
    "/webhooks/plex%252Fcanary",
    "/%2Fwebhooks/plex/canary",
    "/webhooks/./plex/../plex/canary",
    "/webhooks/kodi/canary",
    "/webhooks/canary",
    "/webhooks/plex;canary",
    "/usher/webhooks/plex/canary",
    "/api/webhooks/plex/canary",
    "/plex/canary",
    "/docs/webhooks/plex/canary",
    "http://usher/webhooks/plex/canary",
    "/canary-of-a-long-secret",
    "/api/canary-of-a-long-secret",
    "/api/plex/canary-of-a-long-secret",
)
METHODS = ("POST", "GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "BREW")


async def test_a_webhooks_secret_in_a_path_is_repeated_nowhere(house: House, capfd: pytest.CaptureFixture[str]) -> None:
    async def answer(method: str, path: str) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", house.gateway.port)
        writer.write(head(path, "Content-Length: 0", "Connection: close", method=method))
        try:
            return await reader.read()
        finally:
            writer.close()

    async with asyncio.timeout(60):
        answers = {(method, path): await answer(method, path) for path in SPELLINGS for method in METHODS}

    assert [each for each, answer in answers.items() if b"canary" in answer] == []
    assert [each for each, answer in answers.items() if not answer.startswith(b"HTTP/1.1 ")] == []
    assert "canary" not in (await house.get("/metrics")).text
    output = capfd.readouterr()
    assert "canary" not in output.out + output.err
