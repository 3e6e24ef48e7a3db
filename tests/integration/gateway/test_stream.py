"""The live feed over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest

from services.gateway.api.stream import StreamRoutes
from services.gateway.events.feed import MOST_WATCHERS, Feed
from shared.bus.connection import Bus
from shared.schemas.events import WebhookHandled, subject
from tests.integration.gateway.house import ADMIN, KEY, House
from tests.integration.gateway.serving import head
from tests.integration.service import until

AT = datetime(2026, 1, 31, 18, 0, tzinfo=UTC)


@asynccontextmanager
async def watching(house: House) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    async with house.http.stream("GET", "/api/events/stream", headers=ADMIN) as answer:
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.aiter_lines()
        assert (await anext(lines)).startswith("retry:")
        yield items(lines)


async def items(lines: AsyncIterator[str]) -> AsyncIterator[dict[str, Any]]:
    async for line in lines:
        if line.startswith("data: "):
            yield msgspec.json.decode(line.removeprefix("data: "))


async def test_an_event_is_seen_as_it_comes_in_and_when_it_is_done(house: House, bus: Bus) -> None:
    async with watching(house) as seen, asyncio.timeout(30):
        event_id = (await house.webhook("jellyfin", {"NotificationType": "PlaybackStop"})).json()["id"]
        first = await anext(seen)
        done = WebhookHandled(id="h", occurred_at=AT, webhook_id=event_id, source="jellyfin", effect="play recorded")
        await bus.publish(subject(done), msgspec.json.encode(done), message_id="h")
        second = await anext(seen)

    assert (first["id"], first["event"], first["status"]) == (event_id, "PlaybackStop", "pending")
    assert (second["id"], second["event"], second["status"]) == (event_id, "PlaybackStop", "handled")
    assert second["reason"] == "play recorded"


async def test_all_who_watch_see_it(house: House) -> None:
    async with AsyncExitStack() as stack, asyncio.timeout(30):
        watchers = [await stack.enter_async_context(watching(house)) for _ in range(5)]
        event_id = (await house.webhook("jellyfin", {"NotificationType": "PlaybackStop"})).json()["id"]

        assert [(await anext(seen))["id"] for seen in watchers] == [event_id] * 5


async def test_one_too_many_is_asked_to_come_back(house: House) -> None:
    async with AsyncExitStack() as stack, asyncio.timeout(60):
        for _ in range(MOST_WATCHERS):
            await stack.enter_async_context(watching(house))

        answer = await house.get("/api/events/stream")

        assert answer.status_code == 503
        assert "Retry-After" in answer.headers

    async def has_room() -> bool:
        async with house.http.stream("GET", "/api/events/stream", headers=ADMIN) as again:
            return again.status_code == 200

    await until(has_room)


async def test_who_goes_away_makes_room(house: House) -> None:
    for _ in range(MOST_WATCHERS + 10):
        async with watching(house):
            pass

    await until(lambda: is_empty(house))


@pytest.mark.parametrize("how", ["closed", "reset", "half closed", "never read"])
async def test_a_stream_that_is_closed_makes_room_at_once(house: House, how: str) -> None:
    request = head("/api/events/stream", f"X-API-Key: {KEY}", method="GET")
    streams = [await asyncio.open_connection("127.0.0.1", house.gateway.port) for _ in range(MOST_WATCHERS)]
    for reader, writer in streams:
        writer.write(request)
        if how != "never read":
            await reader.readuntil(b"retry: 2000\n\n")
    await until(lambda: is_full(house))

    for _, writer in streams:
        match how:
            case "reset":
                writer.transport.abort()
            case "half closed":
                writer.write_eof()
            case _:
                writer.close()

    await until(lambda: is_empty(house), within_s=5)
    for _, writer in streams:
        writer.close()


async def is_full(house: House) -> bool:
    return f"usher_feed_watchers {MOST_WATCHERS}.0" in (await house.get("/metrics")).text


async def is_empty(house: House) -> bool:
    return "usher_feed_watchers 0.0" in (await house.get("/metrics")).text


async def test_a_stop_ends_streams_at_once(house: House) -> None:
    async with watching(house) as seen:
        await house.gateway.finish()

        assert [item async for item in seen] == []


async def test_a_quiet_stream_says_that_it_lives_and_ends_after_a_while() -> None:
    routes = StreamRoutes(Feed(), ping_every=timedelta(milliseconds=10), longest=timedelta(milliseconds=100))
    response = await routes.watch()

    lines = [line async for line in response.iterator]  # type: ignore[union-attr]

    assert lines[0] == b"retry: 2000\n\n"
    assert set(lines[1:]) == {b": still here\n\n"}


async def test_a_stream_needs_a_credential(house: House) -> None:
    answer: httpx.Response = await house.get("/api/events/stream", headers={})

    assert answer.status_code == 401
