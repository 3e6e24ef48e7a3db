"""The gateway maintains the streams: prunes them, reports how full they are, and what it cannot fix."""

import asyncio

from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from services.gateway.upkeep import Upkeep
from shared.bus import storage, streams
from shared.bus.connection import Bus
from tests.integration.bus.filling import OURS, PLEX, SEERR, fill, handle, shrink


def figure(name: str) -> float:
    return REGISTRY.get_sample_value(name, {"stream": "WEBHOOKS"}) or 0.0


async def test_two_replicas_make_room_once_and_show_it(bus: Bus) -> None:
    await shrink(bus)
    taken = await fill(bus, PLEX, SEERR)
    for spec in OURS:
        await handle(bus, spec)
    pruned = figure("usher_stream_pruned_messages_total")

    await asyncio.gather(Upkeep(bus).once(), Upkeep(bus).once())

    state = await storage.look_at(bus.client, "WEBHOOKS")
    assert 0.55 < state.share <= 0.7
    assert figure("usher_stream_pruned_messages_total") - pruned >= taken - state.messages
    assert figure("usher_stream_bytes") == state.bytes
    assert figure("usher_stream_limit_bytes") == state.limit


async def test_what_fills_a_stream_is_reported_once_and_so_is_its_end(bus: Bus) -> None:
    await shrink(bus)
    await fill(bus, PLEX)
    upkeep = Upkeep(bus)

    with capture_logs() as full:
        await upkeep.once()
        await upkeep.once()
    await handle(bus, streams.GATEWAY_WEBHOOKS)
    await handle(bus, streams.SYNCER_WEBHOOKS)
    with capture_logs() as well:
        await upkeep.once()

    assert [line["stream"] for line in full if line["event"] == "stream_cannot_store"] == ["WEBHOOKS"]
    assert [line["not_handled_by"] for line in full if line["event"] == "stream_fills_up"] == [
        ["gateway-webhooks", "syncer-webhooks"]
    ]
    assert [line["event"] for line in well] == ["stream_pruned", "stream_stores_again"]


async def test_a_stream_that_cannot_be_pruned_keeps_nobody_from_looking_after_the_others(bus: Bus) -> None:
    stream = bus.client.jetstream()
    await shrink(bus)
    await fill(bus, PLEX)
    for spec in OURS:
        await handle(bus, spec)
    await stream.update_stream((await stream.stream_info("WEBHOOKS")).config.evolve(deny_purge=True))
    await bus.publish("dead.linker.jobs", b"{}", message_id="one")

    with capture_logs() as lines:
        await Upkeep(bus).once()

    assert [line["stream"] for line in lines if line["event"] == "stream_not_pruned"] == ["WEBHOOKS"]
    assert REGISTRY.get_sample_value("usher_stream_messages", {"stream": "DEAD"}) == 1
