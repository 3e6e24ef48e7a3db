"""The event log: webhooks and their outcomes, in any order, however often they come."""

import random
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import msgspec
import pytest

from services.gateway.access.login_attempts import LoginAttempts
from services.gateway.events.shapes import EventFilter, Outcome, Status
from services.gateway.retention import Retention
from services.gateway.store import events
from shared.bus.connection import Bus
from shared.clock import SteadyClock
from shared.postgres.pool import Pool
from shared.schemas.events import Event, WebhookHandled, WebhookIgnored, subject
from shared.schemas.webhooks import Webhook
from tests.integration.gateway.house import House
from tests.integration.service import until

AT = datetime.now(UTC).replace(hour=18, minute=0, second=0, microsecond=0) - timedelta(days=7)
"""A week ago: retention, which begins with the gateway, forgets what is much older."""
DAY = f"{AT:%Y-%m-%d}"
NEXT_DAY = f"{AT + timedelta(days=1):%Y-%m-%d}"


def webhook(*, attempt: int = 0, webhook_id: str = "w", **changes: Any) -> Webhook:
    plain = Webhook(
        id=webhook_id,
        source="plex",
        event="media.scrobble",
        received_at=AT,
        payload=msgspec.Raw(b'{"event": "media.scrobble" , "thumb":"?X-Plex-Token=canary"}'),
        attempt=attempt,
    )
    return msgspec.structs.replace(plain, **changes)


def outcome(status: Status, *, attempt: int = 0) -> Outcome:
    return Outcome(webhook_id="w", source="plex", attempt=attempt, status=status, reason=f"{status} {attempt}")


async def status_of(pool: Pool, event_id: str = "w") -> tuple[str, str | None, int]:
    found = await events.find_event(pool, event_id)
    assert found is not None
    return found[0].status, found[0].reason, found[0].attempt


async def note(pool: Pool, what: Webhook | Outcome) -> None:
    if isinstance(what, Webhook):
        await events.note_webhooks(pool, [what])
    else:
        await events.note_outcomes(pool, [what])


@pytest.mark.parametrize(
    ("story", "status"),
    [
        ([webhook()], ("pending", None, 0)),
        ([webhook(), outcome("handled")], ("handled", "handled 0", 0)),
        ([webhook(), outcome("ignored")], ("ignored", "ignored 0", 0)),
        ([webhook(), outcome("dead")], ("dead", "dead 0", 0)),
        ([webhook(), outcome("dead"), outcome("handled")], ("handled", "handled 0", 0)),
        ([webhook(), outcome("handled"), webhook(attempt=1)], ("pending", None, 1)),
        (
            [webhook(), outcome("ignored"), webhook(attempt=1), outcome("handled", attempt=1)],
            ("handled", "handled 1", 1),
        ),
        ([webhook(), outcome("handled"), webhook(attempt=1), outcome("dead", attempt=1)], ("dead", "dead 1", 1)),
    ],
    ids=lambda value: "-".join(getattr(each, "status", "came") for each in value) if isinstance(value, list) else "",
)
async def test_any_order_and_any_repeats_end_in_the_same(
    pool: Pool, story: list[Webhook | Outcome], status: tuple[str, str | None, int]
) -> None:
    orders = list(permutations(story))
    for order in random.Random(7).sample(  # noqa: S311 (a sample of orders)
        orders, min(len(orders), 12)
    ):
        await pool.execute("truncate events")
        for each in [*order, *order, *reversed(order)]:
            await note(pool, each)

        assert await status_of(pool) == status, order


async def test_an_outcome_alone_is_no_event(pool: Pool) -> None:
    await note(pool, outcome("handled"))

    assert await events.find_event(pool, "w") is None
    assert (await events.page_of_events(pool, EventFilter())).total == 0


async def test_several_in_one_statement_count_as_one_after_the_other(pool: Pool) -> None:
    await events.note_webhooks(pool, [webhook(attempt=1), webhook(), webhook(webhook_id="other"), webhook(attempt=1)])
    await events.note_outcomes(pool, [outcome("handled", attempt=1), outcome("dead", attempt=1), outcome("ignored")])

    assert await status_of(pool) == ("handled", "handled 1", 1)
    assert await status_of(pool, "other") == ("pending", None, 0)


async def test_the_payload_is_kept_byte_for_byte(pool: Pool) -> None:
    payload = '{ "Title" : "Amélie 🎬",\n "a":1, "a":2, "n":1e5}'.encode()
    await note(pool, webhook(payload=msgspec.Raw(payload)))

    found = await events.find_event(pool, "w")

    assert found is not None
    assert found[1] == payload


async def test_what_postgres_cannot_keep_is_replaced(pool: Pool) -> None:
    await note(pool, webhook(event="a\x00b", server="c\x00d"))
    await note(pool, msgspec.structs.replace(outcome("ignored"), reason="e\x00f\ud800"))

    found = await events.find_event(pool, "w")

    assert found is not None
    assert (found[0].event, found[0].server, found[0].reason) == ("a\ufffdb", "c\ufffdd", "e\ufffdf?")


async def say(bus: Bus, event: Event) -> None:
    await bus.publish(subject(event), msgspec.json.encode(event), message_id=event.id)


async def one(house: House, event_id: str, **params: str) -> Any:
    return (await house.get(f"/api/events/{event_id}", **params)).json()


async def came(house: House, event_id: str, status: str) -> None:
    async def has_come() -> bool:
        return bool((await one(house, event_id)).get("status") == status)

    await until(has_come)


async def test_a_webhook_appears_and_gets_its_outcome(house: House, bus: Bus) -> None:
    event_id = (await house.webhook("jellyfin", {"NotificationType": "PlaybackStop"})).json()["id"]
    await came(house, event_id, "pending")

    await say(
        bus,
        WebhookHandled(id="h", occurred_at=AT, webhook_id=event_id, source="jellyfin", effect="play recorded"),
    )

    await came(house, event_id, "handled")
    event = await one(house, event_id)
    assert event["received_at"].endswith("Z")
    assert {**event, "received_at": ""} == {
        "id": event_id,
        "source": "jellyfin",
        "event": "PlaybackStop",
        "server": None,
        "received_at": "",
        "status": "handled",
        "reason": "play recorded",
        "attempt": 0,
        "payload": None,
    }


async def test_the_payload_is_shown_on_request_without_secrets(house: House, pool: Pool) -> None:
    await note(pool, webhook())

    full = await one(house, "w", full="true")

    assert full["payload"] == {"event": "media.scrobble", "thumb": "?X-Plex-Token=***"}
    assert "payload" not in (await house.get("/api/events")).json()["items"][0] or not full.get("canary")


async def test_events_are_listed_newest_first_and_filtered(house: House, pool: Pool) -> None:
    rows = [
        webhook(webhook_id="a", received_at=AT, event="media.play"),
        webhook(webhook_id="b", received_at=AT + timedelta(hours=1), source="jellyfin", event="PlaybackStop"),
        webhook(webhook_id="c", received_at=AT + timedelta(hours=2), server="living 50%_room"),
    ]
    await events.note_webhooks(pool, rows)
    await events.note_outcomes(pool, [msgspec.structs.replace(outcome("ignored"), webhook_id="a", reason="A Hint")])

    async def ids(**params: str) -> list[str]:
        answer = await house.get("/api/events", **params)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert page["total"] == len(page["items"])
        return [item["id"] for item in page["items"]]

    assert await ids() == ["c", "b", "a"]
    assert await ids(source="jellyfin") == ["b"]
    assert await ids(event="media.play") == ["a"]
    assert await ids(status="ignored") == ["a"]
    assert await ids(status="pending") == ["c", "b"]
    assert await ids(server="living 50%_room") == ["c"]
    assert await ids(since=f"{DAY}T19:00:00Z") == ["c", "b"]
    assert await ids(until=f"{DAY}T19:00:00") == ["a"]
    assert await ids(since=DAY, until=NEXT_DAY) == ["c", "b", "a"]
    assert await ids(until=DAY) == []
    assert await ids(since=f"{DAY}T20:00:00+01:00", until=f"{DAY}T20:00:00Z") == ["b"]
    assert await ids(search="a hint") == ["a"]
    assert await ids(search="50%_") == ["c"]
    assert await ids(search="%") == ["c"]
    assert await ids(search="playbackSTOP") == ["b"]
    assert await ids(search="nothing") == []


async def test_pages_follow_each_other(house: House, pool: Pool) -> None:
    await events.note_webhooks(pool, [webhook(webhook_id=f"w{number:02}") for number in range(25)])

    pages = [(await house.get("/api/events", limit=10, offset=offset)).json() for offset in (0, 10, 20, 30)]

    ids = [item["id"] for page in pages for item in page["items"]]
    assert ids == [f"w{number:02}" for number in reversed(range(25))]
    assert [page["total"] for page in pages] == [25] * 4


async def test_a_replay_sends_the_envelope_again_as_the_next_attempt(house: House, bus: Bus, pool: Pool) -> None:
    await note(pool, webhook(server="living room"))
    await note(pool, outcome("ignored"))

    first = await house.post("/api/events/w/replay")
    second = await house.post("/api/events/w/replay")

    assert (first.status_code, first.json()) == (202, {"id": "w", "attempt": 1})
    assert second.json() == {"id": "w", "attempt": 2}
    stream = bus.client.jetstream()

    async def are_sent() -> bool:
        return (await stream.stream_info("WEBHOOKS")).state.messages == 2

    await until(are_sent)
    message = await stream.get_msg("WEBHOOKS", seq=1)
    assert message.subject == "webhooks.plex.media.scrobble"
    assert (message.headers or {})["Nats-Msg-Id"] == "w:1"
    sent = msgspec.json.decode(message.data or b"", type=Webhook)
    assert sent == webhook(attempt=1, server="living room")
    assert await status_of(pool) == ("pending", None, 2)


async def test_an_older_attempts_outcome_does_not_hide_a_replay(house: House, bus: Bus, pool: Pool) -> None:
    await note(pool, webhook())
    await house.post("/api/events/w/replay")

    await say(bus, WebhookIgnored(id="late", occurred_at=AT, webhook_id="w", source="plex", reason="late"))
    await say(bus, WebhookHandled(id="new", occurred_at=AT, webhook_id="w", source="plex", attempt=1, effect="done"))

    await came(house, "w", "handled")
    assert await status_of(pool) == ("handled", "done", 1)


async def test_an_unknown_event_is_not_found(house: House) -> None:
    assert (await house.get("/api/events/none")).status_code == 404
    assert (await house.post("/api/events/none/replay")).status_code == 404


async def test_old_events_are_forgotten(pool: Pool) -> None:
    await events.note_webhooks(pool, [webhook(webhook_id=f"w{number}") for number in range(1500)])
    await note(pool, outcome("handled"))
    await pool.execute("update events set noted_at = noted_at - interval '31 days' where id <> 'w7'")

    await Retention(pool, LoginAttempts(pool, SteadyClock()), now=lambda: datetime.now(UTC)).once()

    assert [row["id"] for row in await pool.fetch("select id from events")] == ["w7"]


async def test_a_webhook_gets_through_though_its_stream_was_deleted(house: House, bus: Bus) -> None:
    await bus.client.jetstream().delete_stream("WEBHOOKS")

    answer = await house.webhook("plex", {"event": "media.play"})

    async def is_listed() -> bool:
        listed = (await house.get("/api/events")).json()["items"]
        return [event["id"] for event in listed] == [answer.json()["id"]]

    await until(is_listed)
