"""The live feed over HTTP."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import msgspec
import pytest

from services.gateway.access.caller import Caller
from services.gateway.access.stream_access import StreamAccess
from services.gateway.api.stream import lines
from services.gateway.events.feed import MOST_WATCHERS, Watcher
from shared.bus.connection import Bus
from shared.postgres.pool import Pool
from shared.schemas.events import WebhookHandled, subject
from shared.schemas.secret import Secret
from tests.integration.gateway.house import ADMIN, KEY, PASSWORD, House, prepared, settings
from tests.integration.gateway.serving import head
from tests.integration.service import until

AT = datetime(2026, 1, 31, 18, 0, tzinfo=UTC)


@asynccontextmanager
async def watching(house: House, credential: Mapping[str, str] = ADMIN) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    async with house.http.stream("GET", "/api/events/stream", headers=credential) as answer:
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


class Credential(NamedTuple):
    """A credential that opens a stream, and how to revoke it."""

    headers: dict[str, str]
    end: Callable[[], Awaitable[httpx.Response]]


async def session(house: House) -> Credential:
    begun = await house.post("/api/auth/login", {"username": "admin", "password": PASSWORD}, headers={})
    headers = {"Authorization": f"Bearer {begun.json()['token']}"}
    return Credential(headers, lambda: house.post("/api/auth/logout", headers=headers))


async def session_of_another(house: House) -> Credential:
    headers = (await session(house)).headers
    [found] = (await house.get("/api/auth/sessions")).json()["items"]
    return Credential(headers, lambda: house.delete(f"/api/auth/sessions/{found['id']}"))


async def key(house: House) -> Credential:
    made = (await house.post("/api/keys", {"name": "reader", "scopes": ["read"]})).json()
    return Credential({"X-API-Key": made["key"]}, lambda: house.delete(f"/api/keys/{made['id']}"))


async def key_as_bearer(house: House) -> Credential:
    made = await key(house)
    return Credential({"Authorization": f"Bearer {made.headers['X-API-Key']}"}, made.end)


@pytest.mark.parametrize("kind", [session, session_of_another, key, key_as_bearer])
async def test_a_stream_ends_with_its_credential_on_every_replica_and_no_other_does(
    database_url: Secret, nats_url: Secret, tmp_path: Path, kind: Callable[[House], Awaitable[Credential]]
) -> None:
    one = settings(database_url, nats_url, tmp_path / "one")
    two = msgspec.structs.replace(one, usher_data_dir=str(tmp_path / "two"))
    async with prepared(one) as house, prepared(two) as other, asyncio.timeout(30), AsyncExitStack() as stack:
        credential = await kind(house)
        here, there = [
            await stack.enter_async_context(watching(replica, credential.headers)) for replica in (house, other)
        ]
        stays = await stack.enter_async_context(watching(other))

        assert (await credential.end()).status_code == 204

        assert [item async for item in here] == []
        assert [item async for item in there] == []
        event_id = (await house.webhook("jellyfin", {"NotificationType": "PlaybackStop"})).json()["id"]
        assert (await anext(stays))["id"] == event_id


@pytest.mark.parametrize(
    ("kind", "passing"),
    [
        (session, "update sessions set expires_at = now()"),
        (session, "update sessions set used_at = now() - interval '12 hours'"),
        (key, "update api_keys set expires_at = now() where name = 'reader'"),
    ],
)
async def test_a_stream_ends_when_its_credential_expires(
    house: House, pool: Pool, kind: Callable[[House], Awaitable[Credential]], passing: str
) -> None:
    credential = await kind(house)
    async with watching(house, credential.headers) as seen, asyncio.timeout(30):
        await pool.execute(passing)
        async with watching(house):  # all are checked when another one comes
            assert [item async for item in seen] == []


async def test_the_next_look_is_when_the_first_credential_expires(house: House, pool: Pool) -> None:
    soon, later = AT + timedelta(seconds=3), AT + timedelta(hours=3)
    now, ends = AT, [soon, later, None]
    for number, expires_at in enumerate(ends):
        await pool.execute(
            "insert into api_keys (id, name, digest, scopes, created_at, expires_at) values ($1, '', $2, '{}', $3, $4)",
            f"k{number}",
            bytes([number]),
            AT,
            expires_at,
        )
    access, watchers = StreamAccess(pool, now=lambda: now), [Watcher() for _ in ends]
    for number, watcher in enumerate(watchers):
        access.grant(watcher, reader(f"k{number}"))

    assert await access.check() == timedelta(seconds=3)
    assert not any(watcher.is_over for watcher in watchers)
    now = soon

    assert await access.check() == timedelta(seconds=15)
    assert [watcher.is_over for watcher in watchers] == [True, False, False]


def reader(key_id: str) -> Caller:
    return Caller(name="reader", scopes=frozenset({"read"}), address="", credential_id=key_id, kind="key")


async def test_a_quiet_stream_says_that_it_lives_and_ends_after_a_while() -> None:
    sent = [
        line async for line in lines(Watcher(), ping_every=timedelta(milliseconds=10), longest=timedelta(seconds=0.1))
    ]

    assert sent[0] == b"retry: 2000\n\n"
    assert set(sent[1:]) == {b": still here\n\n"}


async def test_a_stream_needs_a_credential(house: House) -> None:
    answer: httpx.Response = await house.get("/api/events/stream", headers={})

    assert answer.status_code == 401


async def test_what_comes_in_one_burst_is_sent_together_and_an_end_is_not_held_up() -> None:
    watcher = Watcher()
    stream = lines(watcher)
    assert (await anext(stream)).startswith(b"retry:")
    watcher.send(b"1")
    first = await anext(stream)
    following = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    watcher.send(b"2")
    watcher.send(b"3")

    burst = await following
    last = asyncio.ensure_future(anext(stream, None))
    await asyncio.sleep(0)
    watcher.end()

    assert (first, burst) == (b"data: 1\n\n", b"data: 2\n\ndata: 3\n\n")
    async with asyncio.timeout(30):
        assert await last is None
