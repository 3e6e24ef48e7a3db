"""The live feed, without a bus."""

import asyncio
import gc
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from services.gateway.events.feed import MOST_UNSEEN, MOST_WATCHERS, Feed, Watcher
from shared.errors import UnavailableError
from shared.schemas.dead import DeadLetter
from shared.schemas.events import WebhookHandled
from shared.schemas.webhooks import Webhook

AT = datetime(2026, 1, 31, 18, 0, tzinfo=UTC)


def webhook(number: int = 1) -> bytes:
    return msgspec.json.encode(
        Webhook(
            id=f"w{number}",
            source="plex",
            event="media.play",
            received_at=AT,
            payload=msgspec.Raw(b'{"secret": "canary"}'),
            server="living room",
        )
    )


def handled(number: int = 1) -> bytes:
    return msgspec.json.encode(
        WebhookHandled(id="e", occurred_at=AT, webhook_id=f"w{number}", source="plex", effect="play recorded")
    )


def dead(number: int = 1) -> bytes:
    letter = DeadLetter(
        id="l",
        service="syncer",
        consumer="syncer-webhooks",
        subject="webhooks.plex.media.play",
        message_id="w1",
        reason="hopeless",
        attempts=3,
        dropped_at=AT,
        payload=msgspec.Raw(webhook(number)),
    )
    return msgspec.json.encode(letter)


async def seen(watcher: Watcher) -> Any:
    async with asyncio.timeout(30):
        item = await watcher.next()
    return None if item is None else msgspec.json.decode(item)


async def test_a_webhook_is_shown_as_it_comes_in_without_its_payload() -> None:
    feed = Feed()
    watcher = feed.watch()

    feed.hear("webhooks.plex.media.play", webhook())

    assert await seen(watcher) == {
        "id": "w1",
        "source": "plex",
        "event": "media.play",
        "server": "living room",
        "received_at": "2026-01-31T18:00:00Z",
        "status": "pending",
        "reason": None,
        "attempt": 0,
        "payload": None,
    }


@pytest.mark.parametrize(
    ("subject", "payload", "status", "reason"),
    [
        ("events.webhook.handled", handled(), "handled", "play recorded"),
        ("dead.syncer.webhooks", dead(), "dead", "hopeless"),
    ],
)
async def test_an_event_is_shown_again_when_its_status_changes(
    subject: str, payload: bytes, status: str, reason: str
) -> None:
    feed = Feed()
    feed.hear("webhooks.plex.media.play", webhook())
    watcher = feed.watch()

    feed.hear(subject, payload)

    item = await seen(watcher)
    assert (item["event"], item["server"], item["status"], item["reason"]) == (
        "media.play",
        "living room",
        status,
        reason,
    )


async def test_what_is_not_known_of_an_event_is_null() -> None:
    feed = Feed()
    watcher = feed.watch()

    feed.hear("events.webhook.handled", handled())

    item = await seen(watcher)
    assert (item["id"], item["status"], item["event"], item["received_at"]) == ("w1", "handled", None, None)


async def test_a_slow_watcher_misses_the_oldest() -> None:
    feed = Feed()
    watcher = feed.watch()

    for number in range(MOST_UNSEEN + 5):
        feed.hear("webhooks.plex.media.play", webhook(number))

    assert (await seen(watcher))["id"] == "w5"


async def test_there_are_at_most_so_many_watchers() -> None:
    feed = Feed()
    watchers = [feed.watch() for _ in range(MOST_WATCHERS)]

    with pytest.raises(UnavailableError):
        feed.watch()

    assert feed.watchers == len(watchers)


async def test_a_watcher_that_nobody_holds_makes_room() -> None:
    feed = Feed()
    feed.watch()
    gc.collect()

    assert feed.watchers == 0


async def test_the_end_is_told_to_those_who_wait_and_nobody_comes_after_it() -> None:
    feed = Feed()
    watcher = feed.watch()
    waiting = asyncio.create_task(watcher.next())
    await asyncio.sleep(0)

    feed.end()

    assert await waiting is None
    with pytest.raises(UnavailableError):
        feed.watch()


@pytest.mark.parametrize("payload", [b"", b"[]", b"\xff", b"{", b'{"id": 7}', b'{"a":' * 5000])
@pytest.mark.parametrize("subject", ["webhooks.plex.x", "events.webhook.handled", "dead.syncer.webhooks"])
async def test_what_cannot_be_read_is_passed_over(subject: str, payload: bytes) -> None:
    feed = Feed()
    watcher = feed.watch()

    feed.hear(subject, payload)
    feed.hear("webhooks.plex.media.play", webhook())

    assert (await seen(watcher))["id"] == "w1"
