"""Streams and consumers are what the code declares, whatever somebody made of them."""

from shared.bus import streams
from shared.bus.connection import Bus
from shared.bus.streams import ConsumerSpec

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
