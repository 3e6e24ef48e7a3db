"""The bus on a real nats-server and a real Postgres: what is published is handled, once, whatever happens between."""

import asyncio
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from shared.bus import dead_letters
from shared.bus.connection import Bus, connect
from shared.bus.jobs import Jobs
from shared.bus.message import Message
from shared.bus.relay import Relay
from shared.bus.store import MessageStore, StoredRetry
from shared.bus.streams import ConsumerSpec
from shared.bus.work import Worker
from shared.errors import PermanentError, TooLargeError, TransientError, UnavailableError
from shared.postgres.pool import Pool
from shared.schemas.dead import DeadLetter, Replay
from shared.schemas.secret import Secret
from tests.integration.bus.consuming import BURIED, SPEC, SUBJECT, consuming
from tests.integration.servers import Running, wait_for_nats
from tests.integration.service import until


async def test_a_message_reaches_its_handler_with_its_id_and_payload(bus: Bus, pool: Pool) -> None:
    seen: list[Message] = []

    async def note(message: Message) -> None:
        seen.append(message)

    async with consuming(bus, pool, note):
        await bus.publish(SUBJECT, b'{"a":1}', message_id="first", headers={"traceparent": "x"})
        await until(lambda: len(seen) == 1)

    assert (seen[0].id, seen[0].payload, seen[0].attempts) == ("first", b'{"a":1}', 1)


async def test_the_same_id_twice_is_stored_once(bus: Bus) -> None:
    first = await bus.publish(SUBJECT, b"{}", message_id="same")

    second = await bus.publish(SUBJECT, b"{}", message_id="same")

    assert (first.duplicate, second.duplicate) == (False, True)
    assert first.sequence == second.sequence


async def test_a_repeat_after_its_effect_does_nothing(bus: Bus, pool: Pool) -> None:
    worker, effects, ended = Worker(pool), 0, 0

    async def count(message: Message) -> None:
        nonlocal effects, ended
        try:
            async with worker.once(consumer=SPEC.name, message_id="the same cause"):
                effects += 1
        finally:
            ended += 1

    async with consuming(bus, pool, count):
        await bus.publish(SUBJECT, b"{}", message_id="one")
        await bus.publish(SUBJECT, b"{}", message_id="two")
        await until(lambda: ended == 2)

    assert effects == 1


async def test_a_transient_failure_is_tried_again(bus: Bus, pool: Pool) -> None:
    attempts: list[int] = []

    async def fail_once(message: Message) -> None:
        attempts.append(message.attempts)
        if len(attempts) == 1:
            raise TransientError("not now")

    async with consuming(bus, pool, fail_once):
        await bus.publish(SUBJECT, b"{}", message_id="again")
        await until(lambda: len(attempts) == 2)

    assert attempts == [1, 2]


async def test_a_permanent_failure_ends_among_the_dead_with_its_reason(bus: Bus, pool: Pool) -> None:
    buried: list[DeadLetter] = []

    async def refuse(_: Message) -> None:
        raise PermanentError("never like this")

    async def bury(message: Message) -> None:
        buried.append(msgspec.json.decode(message.payload, type=DeadLetter))

    async with consuming(bus, pool, refuse), consuming(bus, pool, bury, spec=BURIED):
        await bus.publish(SUBJECT, b'{"x":[1]}', message_id="hopeless")
        await until(lambda: len(buried) == 1)

    assert (buried[0].reason, buried[0].message_id, bytes(buried[0].payload)) == (
        "never like this",
        "hopeless",
        b'{"x":[1]}',
    )


@pytest.mark.parametrize("outage_s", [0.1, 3.0])
async def test_a_consumer_goes_on_after_nats_was_killed(
    own_nats: tuple[Running, Secret], pool: Pool, outage_s: float
) -> None:
    server, url = own_nats
    seen: set[str] = set()

    async def note(message: Message) -> None:
        seen.add(message.id)

    async with connect(url, name="test") as bus, consuming(bus, pool, note):
        await bus.publish(SUBJECT, b"{}", message_id="before")
        await until(lambda: "before" in seen)
        server.kill()
        await asyncio.sleep(outage_s)
        server.start()
        await asyncio.to_thread(wait_for_nats, url)
        await until(lambda: bus.is_connected)
        await bus.publish(SUBJECT, b"{}", message_id="after")

        await until(lambda: "after" in seen)


async def test_a_consumer_that_somebody_deletes_is_made_again(bus: Bus, pool: Pool) -> None:
    seen: set[str] = set()

    async def note(message: Message) -> None:
        seen.add(message.id)

    async with consuming(bus, pool, note):
        await bus.publish(SUBJECT, b"{}", message_id="before")
        await until(lambda: "before" in seen)
        await bus.client.jetstream().delete_consumer(SPEC.stream, SPEC.name)
        await bus.publish(SUBJECT, b"{}", message_id="after")

        await until(lambda: "after" in seen)


async def test_a_client_that_gave_up_is_replaced(bus: Bus, pool: Pool) -> None:
    seen: set[str] = set()

    async def note(message: Message) -> None:
        seen.add(message.id)

    async with consuming(bus, pool, note):
        old = bus.client
        await old.close()
        await until(lambda: bus.is_connected and bus.client is not old)
        await bus.publish(SUBJECT, b"{}", message_id="anew")

        await until(lambda: "anew" in seen)


async def test_nats_that_stands_still_delays_and_loses_nothing(own_nats: tuple[Running, Secret], pool: Pool) -> None:
    server, url = own_nats
    seen: set[str] = set()

    async def note(message: Message) -> None:
        seen.add(message.id)

    async with connect(url, name="test") as bus, consuming(bus, pool, note):
        server.freeze()
        future = await bus.begin(SUBJECT, b"{}", message_id="frozen")
        with pytest.raises(UnavailableError, match="in time"):
            await bus.publish(SUBJECT, b"{}", message_id="frozen too")
        server.thaw()

        assert not (await future).duplicate
        await until(lambda: seen == {"frozen", "frozen too"})
        assert (await bus.publish(SUBJECT, b"{}", message_id="frozen too")).duplicate


async def test_a_broken_connection_fails_what_waits_at_once(own_nats: tuple[Running, Secret]) -> None:
    server, url = own_nats
    async with connect(url, name="test") as bus:
        server.freeze()
        future = await bus.begin(SUBJECT, b"{}", message_id="lost")
        server.kill()

        with pytest.raises(UnavailableError, match="lost"):
            await future
        with pytest.raises(UnavailableError):
            await bus.publish(SUBJECT, b"{}", message_id="lost")
        server.start()


async def test_a_message_that_is_too_large_is_refused_and_the_connection_stays(bus: Bus) -> None:
    with pytest.raises(TooLargeError):
        await bus.publish(SUBJECT, b"x" * 256 * 1024, message_id="huge")

    assert not (await bus.publish(SUBJECT, b"{}", message_id="small")).duplicate


async def test_while_postgres_is_away_messages_wait_and_cost_no_attempt(bus: Bus, pool: Pool) -> None:
    attempts: list[int] = []

    async def need_postgres(message: Message) -> None:
        attempts.append(message.attempts)
        if len(attempts) < 4:
            raise UnavailableError("Postgres is away")

    async with consuming(bus, pool, need_postgres):
        await bus.publish(SUBJECT, b"{}", message_id="patient")
        await until(lambda: len(attempts) == 4)

    assert attempts == [1, 1, 1, 1]


async def test_a_long_wait_is_kept_in_postgres_and_kept_to(bus: Bus, pool: Pool) -> None:
    tries = 0

    async def throttled(_: Message) -> None:
        nonlocal tries
        tries += 1
        raise TransientError("too many requests", retry_after=timedelta(seconds=300))

    async with consuming(bus, pool, throttled):
        await bus.publish(SUBJECT, b'{"n":1}', message_id="later")

        async def waits() -> bool:
            return await MessageStore(pool).count_retries() == 1

        await until(waits)
    row = await pool.fetchrow("select *, due_at - now() as wait from retries")

    assert row is not None
    assert (row["message_id"], row["payload"], row["attempts"], tries) == ("later", b'{"n":1}', 0, 1)
    assert timedelta(seconds=290) < row["wait"] < timedelta(seconds=301)


async def test_what_waited_is_tried_again_when_it_is_due_and_then_forgotten(bus: Bus, pool: Pool) -> None:
    seen: list[Message] = []

    async def note(message: Message) -> None:
        seen.append(message)

    now = datetime.now(UTC)
    waiting = StoredRetry(
        consumer=SPEC.name,
        message_id="w",
        subject=SUBJECT,
        headers={},
        payload=b"{}",
        attempts=4,
        reason="slow",
        first_tried_at=now,
    )
    await MessageStore(pool).store_retry(waiting, due_at=now)

    async with consuming(bus, pool, note):
        await until(lambda: len(seen) == 1)

        async def is_forgotten() -> bool:
            return await MessageStore(pool).count_retries() == 0

        await until(is_forgotten)

    assert (seen[0].id, seen[0].attempts) == ("w", 5)


async def test_a_replay_reaches_the_consumer_that_gave_up(bus: Bus, pool: Pool) -> None:
    buried: list[DeadLetter] = []
    replayed: list[Message] = []
    is_mended = False

    async def refuse(message: Message) -> None:
        if not is_mended:
            raise PermanentError("broken")
        replayed.append(message)

    async def bury(message: Message) -> None:
        buried.append(msgspec.json.decode(message.payload, type=DeadLetter))

    jobs = ConsumerSpec("linker", "jobs", "JOBS", ("jobs.linker.>",))
    async with (
        consuming(bus, pool, refuse),
        consuming(bus, pool, bury, spec=BURIED),
        consuming(bus, pool, Jobs((), MessageStore(pool)), spec=jobs),
    ):
        await bus.publish(SUBJECT, b'{"a": [1, "x"]}', message_id="m")
        await until(lambda: len(buried) == 1)
        is_mended = True
        await bus.publish("jobs.linker.replay", msgspec.json.encode(Replay(letter=buried[0])), message_id="r1")
        await until(lambda: len(replayed) == 1)

    assert (replayed[0].id, replayed[0].payload, replayed[0].attempts) == ("m", b'{"a": [1, "x"]}', 1)


async def test_garbage_on_a_stream_is_buried_whole(bus: Bus, pool: Pool) -> None:
    buried: list[DeadLetter] = []

    async def decode(message: Message) -> None:
        msgspec.json.decode(message.payload, type=DeadLetter)

    async def bury(message: Message) -> None:
        buried.append(msgspec.json.decode(message.payload, type=DeadLetter))

    async with consuming(bus, pool, decode), consuming(bus, pool, bury, spec=BURIED):
        await bus.publish(SUBJECT, b"\xff\x00 not json", message_id="garbage")
        await until(lambda: len(buried) == 1)

    assert dead_letters.payload_of(buried[0]) == b"\xff\x00 not json"


async def test_facts_leave_with_their_transaction_or_not_at_all(bus: Bus, pool: Pool) -> None:
    worker = Worker(pool)

    async def fail() -> None:
        async with worker.once(consumer="c", message_id="undone") as work:
            work.send(SUBJECT, b"{}", message_id="never said")
            raise PermanentError("no")

    with pytest.raises(PermanentError):
        await fail()
    async with worker.once(consumer="c", message_id="done") as work:
        work.send(SUBJECT, b"{}", message_id="said")

    published = await Relay(pool, MessageStore(pool), bus, worker).publish_some()

    assert published == 1
    assert (await bus.publish(SUBJECT, b"{}", message_id="said")).duplicate
    assert not (await bus.publish(SUBJECT, b"{}", message_id="never said")).duplicate
