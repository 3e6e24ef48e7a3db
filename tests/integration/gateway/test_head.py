"""HEAD: what a GET would answer, without a body and without doing anything."""

import asyncio
from typing import Final

import httpx
import pytest
from litestar import Litestar, get

from services.gateway import problems
from services.gateway.api.guards import needs, reads_only
from services.gateway.edge import Edge
from tests.integration.gateway.house import ADMIN, House
from tests.integration.gateway.serving import head

GETS: Final = (
    "/health",
    "/ready",
    "/api/auth/verify",
    "/api/auth/sessions",
    "/api/keys",
    "/api/webhooks/refused",
    "/api/webhooks/secrets",
    "/api/audit",
    "/api/events",
    "/api/deadletters",
    "/api/history",
    "/api/people",
    "/api/events/none",
    "/api/events?nope=1",
    "/docs",
    "/docs/openapi.json",
    "/nowhere",
)
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def house(modules_house: House) -> House:
    """One for all tests: none of them leaves anything behind."""
    return modules_house


@pytest.mark.parametrize("address", GETS)
async def test_a_head_is_answered_like_a_get_without_a_body(house: House, address: str) -> None:
    get, head = await house.http.get(address, headers=ADMIN), await house.http.head(address, headers=ADMIN)

    assert head.status_code == get.status_code
    assert head.content == b""
    assert without_date(head) == without_date(get)


async def test_a_head_of_figures_is_answered_too(house: House) -> None:
    answer = await house.http.head("/metrics")

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"].startswith("text/plain; version=")


async def test_a_head_of_the_stream_ends_and_takes_no_place(house: House) -> None:
    async with asyncio.timeout(30):
        answer = await house.http.head("/api/events/stream", headers=ADMIN)

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "usher_feed_watchers 0.0" in (await house.get("/metrics")).text


async def test_a_head_needs_the_credential_that_a_get_needs(house: House) -> None:
    assert (await house.http.head("/api/events")).status_code == 401


@pytest.mark.parametrize(
    "address",
    [
        "/webhooks/jellyfin?token=x",
        "/api/people/p1/merge",
        "/api/events/e1/replay",
        "/api/auth/logout",
        "/api/integrations/plex/auth/pin",
    ],
)
async def test_a_head_writes_nothing(house: House, address: str) -> None:
    answer = await house.http.head(address, headers=ADMIN)

    assert answer.status_code == 405
    assert answer.content == b""
    assert "HEAD" not in answer.headers["allow"]
    assert (await house.get("/api/audit")).json()["total"] == 0


async def test_a_get_that_does_something_is_not_done_by_a_head() -> None:
    done: list[str] = []

    @get("/pin", opt=needs("write"))
    async def make_pin() -> str:
        done.append("pin")
        return "made"

    app = Litestar([make_pin], guards=[reads_only], exception_handlers=problems.handlers(), openapi_config=None)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(Edge(app)), base_url="http://usher") as client:  # type: ignore[arg-type]
        head = await client.head("/pin")

        assert (head.status_code, head.headers["allow"], done) == (405, "GET, OPTIONS", [])
        assert (await client.get("/pin")).status_code == 200
    assert done == ["pin"]


async def test_a_connection_goes_on_after_a_head(house: House) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", house.gateway.port)
    writer.write(head("/health", method="HEAD") + head("/health", method="GET"))

    first = await reader.readuntil(b"\r\n\r\n")
    second = await reader.readuntil(b"\r\n\r\n")

    assert first.startswith(b"HTTP/1.1 200")
    assert second.startswith(b"HTTP/1.1 200")
    assert await reader.readexactly(15) == b'{"status":"ok"}'
    writer.close()


async def test_what_allows_get_allows_head(house: House) -> None:
    refused = await house.http.delete("/api/events")

    assert set(refused.headers["allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


async def test_heads_are_counted_as_what_they_are(house: House) -> None:
    await house.http.head("/api/events", headers=ADMIN)

    figures = (await house.get("/metrics")).text
    assert 'usher_http_requests_total{method="HEAD",route="/api/events",status="200"}' in figures


def without_date(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name != "date"}
