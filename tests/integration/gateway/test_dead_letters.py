"""Dead letters: kept, tried again, given up for good."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from services.gateway.access.login_attempts import LoginAttempts
from services.gateway.events.shapes import DeadLetterFilter
from services.gateway.retention import Retention
from services.gateway.store import dead_letters
from shared.bus.connection import Bus
from shared.clock import SteadyClock
from shared.postgres.pool import Pool
from shared.schemas.dead import DeadLetter, Replay
from shared.schemas.webhooks import Webhook
from tests.integration.gateway.house import House
from tests.integration.service import until

AT = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=7)
ENVELOPE = Webhook(
    id="w", source="plex", event="media.play", received_at=AT, payload=msgspec.Raw(b'{"a":"?token=canary"}')
)


def letter(letter_id: str = "l", **changes: Any) -> DeadLetter:
    plain = DeadLetter(
        id=letter_id,
        service="syncer",
        consumer="syncer-webhooks",
        subject="webhooks.plex.media.play",
        message_id="w",
        reason="it never worked",
        attempts=10,
        dropped_at=AT,
        payload=msgspec.Raw(msgspec.json.encode(ENVELOPE)),
        headers={"traceparent": "00-" + "1" * 32 + "-" + "2" * 16 + "-01"},
    )
    return msgspec.structs.replace(plain, **changes)


async def bury(bus: Bus, dead: DeadLetter) -> None:
    message_id = f"{dead.id}:{dead.attempts}:{dead.dropped_at.timestamp()}"
    await bus.publish("dead.syncer.webhooks", msgspec.json.encode(dead), message_id=message_id)


async def shown(house: House, **params: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await house.get("/api/deadletters", **params)).json()["items"]
    return items


async def test_a_dead_letter_appears_and_marks_its_event(house: House, bus: Bus) -> None:
    await bus.publish("webhooks.plex.media.play", msgspec.json.encode(ENVELOPE), message_id="w")
    await bury(bus, letter())

    async def is_dead() -> bool:
        return bool((await house.get("/api/events/w")).json().get("status") == "dead")

    await until(is_dead)

    assert await shown(house) == [
        {
            "id": "l",
            "service": "syncer",
            "consumer": "syncer-webhooks",
            "subject": "webhooks.plex.media.play",
            "message_id": "w",
            "reason": "it never worked",
            "attempts": 10,
            "died_at": f"{AT:%Y-%m-%d}T12:00:00Z",
            "status": "waiting",
            "replays": 0,
            "payload": None,
        }
    ]
    full = await house.get("/api/deadletters/l", full="true")
    assert full.json()["payload"]["payload"] == {"a": "?token=***"}


async def test_a_letter_of_something_that_is_not_json_is_shown_as_text(house: House, pool: Pool) -> None:
    await dead_letters.note_dead_letter(pool, letter(payload=msgspec.Raw(b'"/wBhYmM="'), is_base64=True))

    assert (await house.get("/api/deadletters/l", full="true")).json()["payload"] == "\ufffd\x00abc"


async def test_letters_are_filtered(house: House, pool: Pool) -> None:
    await dead_letters.note_dead_letter(pool, letter("a"))
    await dead_letters.note_dead_letter(
        pool, letter("b", service="linker", subject="events.play.recorded", reason="Odd")
    )
    await dead_letters.note_dead_letter(pool, letter("c", dropped_at=AT + timedelta(days=1), message_id="special"))

    async def ids(**params: str) -> list[str]:
        return [item["id"] for item in await shown(house, **params)]

    assert await ids() == ["c", "b", "a"]
    assert await ids(service="linker") == ["b"]
    assert await ids(status="replayed") == []
    next_day = f"{AT + timedelta(days=1):%Y-%m-%d}T12:00:00Z"
    assert await ids(since=next_day) == ["c"]
    assert await ids(until=next_day) == ["b", "a"]
    assert await ids(search="ODD") == ["b"]
    assert await ids(search="special") == ["c"]


async def test_a_replay_gives_the_letter_back_to_its_service_under_a_new_id_each_time(
    house: House, bus: Bus, pool: Pool
) -> None:
    await dead_letters.note_dead_letter(pool, letter())

    first = await house.post("/api/deadletters/l/replay")
    second = await house.post("/api/deadletters/l/replay")

    assert (first.status_code, first.json(), second.json()["attempt"]) == (202, {"id": "l", "attempt": 1}, 2)
    stream = bus.client.jetstream()

    async def are_sent() -> bool:
        return (await stream.stream_info("JOBS")).state.messages == 2

    await until(are_sent)
    message = await stream.get_msg("JOBS", seq=1)
    assert message.subject == "jobs.syncer.replay"
    assert msgspec.json.decode(message.data or b"", type=Replay).letter == letter()
    assert [item["status"] for item in await shown(house)] == ["replayed"]


async def test_a_message_that_dies_again_is_a_letter_again(pool: Pool) -> None:
    await dead_letters.note_dead_letter(pool, letter())
    async with pool.acquire() as connection:
        await dead_letters.next_replay(connection, "l")

    await dead_letters.note_dead_letter(pool, letter())
    repeated = await dead_letters.page_of_dead_letters(pool, DeadLetterFilter())
    await dead_letters.note_dead_letter(pool, letter(dropped_at=AT + timedelta(minutes=1), reason="again"))
    died_again = await dead_letters.page_of_dead_letters(pool, DeadLetterFilter())

    assert [item.status for item in repeated.items] == ["replayed"]
    assert [(item.status, item.reason, item.replays) for item in died_again.items] == [("waiting", "again", 1)]


async def test_a_dropped_letter_does_not_come_back_with_the_stream(house: House, pool: Pool) -> None:
    await dead_letters.note_dead_letter(pool, letter())

    assert (await house.delete("/api/deadletters/l")).status_code == 204
    await dead_letters.note_dead_letter(pool, letter())

    assert await shown(house) == []
    for answer in (
        await house.get("/api/deadletters/l"),
        await house.post("/api/deadletters/l/replay"),
        await house.delete("/api/deadletters/l"),
    ):
        assert answer.status_code == 404


async def test_a_letter_that_cannot_be_read_is_itself_buried_and_stops_nothing(house: House, bus: Bus) -> None:
    await bus.publish("dead.syncer.webhooks", b"no letter at all", message_id="odd")
    await bury(bus, letter())

    async def both() -> bool:
        return {item["service"] for item in await shown(house)} == {"gateway", "syncer"}

    await until(both)


async def test_hostile_text_in_a_letter_is_kept(pool: Pool) -> None:
    await dead_letters.note_dead_letter(pool, letter(reason="a\x00b", message_id="\x00", subject="webhooks.\x00"))

    [item] = (await dead_letters.page_of_dead_letters(pool, DeadLetterFilter())).items

    assert (item.reason, item.message_id) == ("a\ufffdb", "\ufffd")


async def test_old_letters_are_forgotten(pool: Pool) -> None:
    now = datetime.now(UTC)
    await dead_letters.note_dead_letter(pool, letter("old", dropped_at=now - timedelta(days=91)))
    await dead_letters.note_dead_letter(pool, letter("new", dropped_at=now - timedelta(days=89)))

    await Retention(pool, LoginAttempts(pool, SteadyClock()), now=lambda: now).once()

    assert [item.id for item in (await dead_letters.page_of_dead_letters(pool, DeadLetterFilter())).items] == ["new"]


async def test_replays_and_drops_are_in_the_audit(house: House, pool: Pool) -> None:
    await dead_letters.note_dead_letter(pool, letter())
    await house.post("/api/deadletters/l/replay")
    await house.delete("/api/deadletters/l")

    entries = (await house.get("/api/audit")).json()["items"]

    assert [(entry["action"], entry["object"]) for entry in entries] == [
        ("letter.dropped", "dead letter l"),
        ("letter.replayed", "dead letter l"),
    ]
