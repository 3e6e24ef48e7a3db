"""Rare cases of settling: closed clients, repeated failures, long retries, odd reasons, a stop in the middle."""

import asyncio
from datetime import UTC, datetime, timedelta

import msgspec

from shared.bus import dead_letters
from shared.bus.connection import Bus
from shared.bus.jobs import Jobs
from shared.bus.judge import CRASH_LIMIT
from shared.bus.message import Message
from shared.bus.store import MessageStore, StoredRetry
from shared.bus.streams import ConsumerSpec
from shared.errors import PermanentError, TransientError
from shared.postgres.pool import Pool
from shared.schemas.dead import DeadLetter, Replay
from tests.integration.bus.consuming import BURIED, SPEC, SUBJECT, consuming
from tests.integration.service import until

WAITING = StoredRetry(
    consumer=SPEC.name,
    message_id="w",
    subject=SUBJECT,
    headers={},
    payload=b"{}",
    attempts=4,
    reason="slow",
    first_tried_at=datetime.now(UTC),
)
JOBS = ConsumerSpec("linker", "jobs", "JOBS", ("jobs.linker.>",))


async def test_a_message_of_a_client_that_was_closed_is_let_go_and_others_are_handled(bus: Bus, pool: Pool) -> None:
    begun, release, handled = asyncio.Event(), asyncio.Event(), list[str]()

    async def wait(message: Message) -> None:
        begun.set()
        await release.wait()
        handled.append(message.id)

    async with consuming(bus, pool, wait):
        await asyncio.gather(*(bus.publish(SUBJECT, b"{}", message_id=str(number)) for number in range(4)))
        await begun.wait()
        old = bus.client
        await old.close()
        await until(lambda: bus.is_connected and bus.client is not old)
        release.set()
        await bus.publish(SUBJECT, b"{}", message_id="new")

        await until(lambda: "new" in handled)


async def test_a_letter_that_is_replayed_and_dies_again_is_reported_again(bus: Bus, pool: Pool) -> None:
    buried: list[DeadLetter] = []

    async def refuse(_: Message) -> None:
        raise PermanentError("never")

    async def bury(message: Message) -> None:
        buried.append(msgspec.json.decode(message.payload, type=DeadLetter))

    async with (
        consuming(bus, pool, refuse),
        consuming(bus, pool, bury, spec=BURIED),
        consuming(bus, pool, Jobs((), MessageStore(pool)), spec=JOBS),
    ):
        await bus.publish(SUBJECT, b"{}", message_id="m")
        await until(lambda: len(buried) == 1)
        await bus.publish("jobs.linker.replay", msgspec.json.encode(Replay(letter=buried[0])), message_id="r")

        await until(lambda: len(buried) == 2)

    assert buried[0].id == buried[1].id
    assert dead_letters.payload_of(buried[1]) == b"{}"


async def test_waits_that_the_other_side_asks_for_cost_no_attempt(bus: Bus, pool: Pool) -> None:
    asked = [timedelta(), timedelta(), timedelta(hours=1)]
    attempts: list[int] = []

    async def be_asked_to_wait(message: Message) -> None:
        attempts.append(message.attempts)
        raise TransientError("throttled", retry_after=asked[len(attempts) - 1])

    async with consuming(bus, pool, be_asked_to_wait):
        await bus.publish(SUBJECT, b"{}", message_id="w")

        async def waits() -> bool:
            return await MessageStore(pool).count_retries() == 1

        await until(waits)

    assert attempts == [1, 1, 1]
    assert await pool.fetchval("select attempts from retries") == 0


async def test_waiting_for_the_other_side_ends_a_week_after_the_first_try(bus: Bus, pool: Pool) -> None:
    buried: list[DeadLetter] = []

    async def fail(_: Message) -> None:
        raise TransientError("throttled", retry_after=timedelta(hours=1))

    async def bury(message: Message) -> None:
        buried.append(msgspec.json.decode(message.payload, type=DeadLetter))

    old = msgspec.structs.replace(WAITING, first_tried_at=datetime.now(UTC) - timedelta(days=7))
    await MessageStore(pool).store_retry(old, due_at=datetime.now(UTC))
    async with consuming(bus, pool, fail), consuming(bus, pool, bury, spec=BURIED):
        await until(lambda: len(buried) == 1)

    assert buried[0].reason == "gave up after 7 days: throttled"


async def test_a_retry_that_stops_the_process_again_and_again_is_given_up(bus: Bus, pool: Pool) -> None:
    buried: list[DeadLetter] = []

    async def handle(_: Message) -> None:
        raise AssertionError

    async def bury(message: Message) -> None:
        buried.append(msgspec.json.decode(message.payload, type=DeadLetter))

    crashed = msgspec.structs.replace(WAITING, attempts=CRASH_LIMIT)
    await MessageStore(pool).store_retry(crashed, due_at=datetime.now(UTC))
    async with consuming(bus, pool, handle), consuming(bus, pool, bury, spec=BURIED):
        await until(lambda: len(buried) == 1)

    assert "without an answer" in buried[0].reason


async def test_a_long_retry_is_not_taken_by_another_replica(bus: Bus, pool: Pool) -> None:
    begun, release, lease = asyncio.Event(), asyncio.Event(), timedelta(seconds=1)
    message_store = MessageStore(pool)

    async def take_long(_: Message) -> None:
        begun.set()
        await release.wait()

    await message_store.store_retry(WAITING, due_at=datetime.now(UTC))
    async with consuming(bus, pool, take_long, lease=lease):
        await begun.wait()
        was_due_at = await pool.fetchval("select due_at from retries")

        async def is_renewed() -> bool:
            return bool(await pool.fetchval("select due_at > $1 from retries", was_due_at))

        await until(is_renewed)

        assert await message_store.take_due(SPEC.name, now=was_due_at, hold=lease, limit=1) == []
        release.set()

        async def is_settled() -> bool:
            return await message_store.count_retries() == 0

        await until(is_settled)


async def test_a_retry_whose_process_was_killed_is_taken_up_within_half_a_minute(bus: Bus, pool: Pool) -> None:
    begun, never = asyncio.Event(), asyncio.Event()

    async def hang(_: Message) -> None:
        begun.set()
        await never.wait()

    await MessageStore(pool).store_retry(WAITING, due_at=datetime.now(UTC))
    async with consuming(bus, pool, hang):
        await begun.wait()

        left = await pool.fetchval("select due_at - now() from retries")

    assert timedelta(seconds=20) < left <= timedelta(seconds=30)


async def test_a_reason_with_a_nul_in_it_is_kept_and_stops_nobody(bus: Bus, pool: Pool) -> None:
    async def fail(_: Message) -> None:
        raise TransientError("odd \x00 reason", retry_after=timedelta(hours=1))

    async with consuming(bus, pool, fail):
        await bus.publish(SUBJECT, b"{}", message_id="odd")

        async def waits() -> bool:
            return await MessageStore(pool).count_retries() == 1

        await until(waits)


async def test_a_wait_beyond_all_calendars_is_a_week(bus: Bus, pool: Pool) -> None:
    async def fail(_: Message) -> None:
        raise TransientError("come back in an age", retry_after=timedelta.max)

    async with consuming(bus, pool, fail):
        await bus.publish(SUBJECT, b"{}", message_id="age")

        async def waits() -> bool:
            return await MessageStore(pool).count_retries() == 1

        await until(waits)

    assert await pool.fetchval("select due_at - now() < interval '8 days' from retries")


async def test_after_a_stop_was_asked_for_nothing_new_is_begun(bus: Bus, pool: Pool) -> None:
    handled: list[str] = []

    async def note(message: Message) -> None:
        handled.append(message.id)

    async with consuming(bus, pool, note) as consumer:
        await bus.publish(SUBJECT, b"{}", message_id="before")
        await until(lambda: handled == ["before"])
        await consumer.finish(within=timedelta(seconds=1))
        await bus.publish(SUBJECT, b"{}", message_id="after")
        await asyncio.sleep(0.3)

        assert handled == ["before"]
    info = await bus.client.jetstream().consumer_info(SPEC.stream, SPEC.name)
    assert (info.ack_floor and info.ack_floor.stream_seq) == 1
