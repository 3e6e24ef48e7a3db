"""Streams and consumers are what the code declares, whatever was changed by hand."""

import pytest

from shared.bus import streams
from shared.bus.connection import Bus
from shared.bus.message import Message
from shared.bus.streams import ConsumerSpec
from shared.errors import UnavailableError
from shared.postgres.pool import Pool
from tests.integration.bus.consuming import SUBJECT, consuming
from tests.integration.service import until

SPEC = ConsumerSpec("linker", "plays", "EVENTS", ("events.play.recorded",))


async def test_streams_that_drifted_are_repaired(bus: Bus) -> None:
    stream = bus.client.jetstream()
    found = (await stream.stream_info("EVENTS")).config
    await stream.update_stream(found.evolve(max_age=60.0, duplicate_window=30.0))

    await streams.reconcile_streams(bus.client, replicas=1)

    repaired = (await stream.stream_info("EVENTS")).config
    assert (repaired.max_age, repaired.duplicate_window) == (14 * 86400, 600)


async def test_a_consumer_that_drifted_is_repaired(bus: Bus) -> None:
    stream = bus.client.jetstream()
    await streams.reconcile_consumer(bus.client, SPEC)
    found = (await stream.consumer_info(SPEC.stream, SPEC.name)).config
    await stream.add_consumer(SPEC.stream, found.evolve(ack_wait=1.0, max_ack_pending=1))

    await streams.reconcile_consumer(bus.client, SPEC)

    repaired = (await stream.consumer_info(SPEC.stream, SPEC.name)).config
    assert (repaired.ack_wait, repaired.max_ack_pending, repaired.backoff) == (30.0, 256, None)


async def test_a_stream_that_somebody_deletes_is_made_again_and_its_consumer_goes_on(bus: Bus, pool: Pool) -> None:
    seen: set[str] = set()

    async def note(message: Message) -> None:
        seen.add(message.id)

    async with consuming(bus, pool, note):
        await bus.publish(SUBJECT, b"{}", message_id="before")
        await until(lambda: "before" in seen)
        await bus.client.jetstream().delete_stream("EVENTS")

        async def is_stored() -> bool:
            try:
                await bus.publish(SUBJECT, b"{}", message_id="after")
            except UnavailableError:
                return False
            return True

        await until(is_stored)
        await until(lambda: "after" in seen)


async def test_a_publish_into_a_stream_that_is_missing_fails_and_makes_it_again(bus: Bus) -> None:
    await bus.client.jetstream().delete_stream("DEAD")

    with pytest.raises(UnavailableError, match="no stream"):
        await bus.publish("dead.linker.plays", b"{}", message_id="one")

    async def is_there() -> bool:
        return "DEAD" in [found.config.name for found in await bus.client.jetstream().streams_info()]

    await until(is_there)
