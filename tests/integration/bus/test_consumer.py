"""The bus on a real nats-server and a real Postgres: what is published is handled, once, whatever happens between."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import msgspec
import pytest

from shared.bus.connection import Bus, connect
from shared.bus.consumer import Consumer, Handler
from shared.bus.message import Message
from shared.bus.store import Journal
from shared.bus.streams import ConsumerSpec
from shared.bus.work import Worker
from shared.errors import PermanentError, TransientError
from shared.postgres import pool as postgres
from shared.postgres.pool import Pool
from shared.schemas.dead import DeadLetter
from shared.schemas.secret import Secret
from shared.telemetry import Tracer
from tests.integration.servers import Running, wait_for_nats

SPEC = ConsumerSpec("linker", "plays", "EVENTS", ("events.play.recorded",))
BURIED = ConsumerSpec("gateway", "dead", "DEAD", ("dead.>",))
SUBJECT = "events.play.recorded"


@asynccontextmanager
async def consuming(bus: Bus, pool: Pool, handler: Handler, *, spec: ConsumerSpec = SPEC) -> AsyncIterator[Consumer]:
    async def is_ready() -> bool:
        return bus.is_connected and await postgres.answers(pool)

    consumer = Consumer(
        spec, handler, publisher=bus, journal=Journal(pool), is_ready=is_ready, tracer=Tracer(), workers=4
    )
    await bus.add(consumer.pull)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(consumer.run())
        yield consumer
        running.cancel()


async def until(condition: Callable[[], bool | Awaitable[bool]], *, within_s: float = 10) -> None:
    async with asyncio.timeout(within_s):
        while True:
            result = condition()
            if result if isinstance(result, bool) else await result:
                return
            await asyncio.sleep(0.02)


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
    worker, effects = Worker(pool), 0

    async def count(message: Message) -> None:
        nonlocal effects
        async with worker.once(consumer=SPEC.name, message_id="the same cause"):
            effects += 1

    async with consuming(bus, pool, count) as consumer:
        await bus.publish(SUBJECT, b"{}", message_id="one")
        await bus.publish(SUBJECT, b"{}", message_id="two")
        await until(lambda: not consumer.pull.leftovers() and effects >= 1)
        await asyncio.sleep(0.3)

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
        wait = asyncio.get_running_loop().run_in_executor(None, wait_for_nats, url)
        await wait
        await until(lambda: bus.is_connected)
        await bus.publish(SUBJECT, b"{}", message_id="after")

        await until(lambda: "after" in seen, within_s=3)


async def test_a_consumer_that_somebody_deletes_is_made_again(bus: Bus, pool: Pool) -> None:
    seen: set[str] = set()

    async def note(message: Message) -> None:
        seen.add(message.id)

    async with consuming(bus, pool, note):
        await bus.publish(SUBJECT, b"{}", message_id="before")
        await until(lambda: "before" in seen)
        await bus.client.jetstream().delete_consumer(SPEC.stream, SPEC.name)
        await bus.publish(SUBJECT, b"{}", message_id="after")

        await until(lambda: "after" in seen, within_s=5)


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
