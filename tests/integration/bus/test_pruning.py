"""Streams that fill up, on a real JetStream: what every consumer has acknowledged makes room, and nothing else."""

import pytest

from shared.bus import storage, streams
from shared.bus.connection import Bus
from shared.bus.pruning import Pruned, prune
from shared.errors import UnavailableError
from tests.integration.bus.filling import OURS, PLEX, SEERR, fill, handle, shrink


@pytest.fixture
async def small(bus: Bus) -> Bus:
    await shrink(bus)
    return bus


async def sequences(bus: Bus) -> tuple[int, int]:
    state = (await bus.client.jetstream().stream_info("WEBHOOKS")).state
    return state.first_seq, state.last_seq


async def test_a_full_stream_takes_messages_again_once_all_are_handled(small: Bus) -> None:
    taken = await fill(small, PLEX, SEERR)
    for spec in OURS:
        await handle(small, spec)

    pruned = await prune(small.client, "WEBHOOKS")

    state = await storage.look_at(small.client, "WEBHOOKS")
    assert pruned is not None
    assert pruned.messages == taken - state.messages
    assert not pruned.kept_for
    assert 0.6 < state.share <= 0.7
    await small.publish(PLEX, b"one more", message_id="one more")


async def test_what_one_consumer_has_not_acknowledged_stays(small: Bus) -> None:
    await fill(small, PLEX, SEERR)
    await handle(small, streams.GATEWAY_WEBHOOKS)
    await handle(small, streams.SYNCER_WEBHOOKS)

    pruned = await prune(small.client, "WEBHOOKS")

    assert pruned is not None
    assert pruned == Pruned(stream="WEBHOOKS", kept_for=("requester-webhooks",))
    assert (await sequences(small))[0] == 1
    problem = storage.problem(await storage.look_at(small.client, "WEBHOOKS"))
    assert problem is not None
    assert "the stream WEBHOOKS is full" in problem.text


async def test_no_more_than_is_acknowledged_goes_even_where_that_is_too_little(small: Bus) -> None:
    taken = await fill(small, PLEX)
    await handle(small, streams.GATEWAY_WEBHOOKS)
    await handle(small, streams.SYNCER_WEBHOOKS, leave=taken - 3)

    pruned = await prune(small.client, "WEBHOOKS")

    assert pruned == Pruned(
        stream="WEBHOOKS", messages=3, bytes=pruned.bytes if pruned else 0, kept_for=("syncer-webhooks",)
    )
    assert await sequences(small) == (4, taken)


async def test_a_service_that_never_ran_keeps_everything(small: Bus) -> None:
    await fill(small, PLEX)
    await small.client.jetstream().delete_consumer("WEBHOOKS", "requester-webhooks")
    await handle(small, streams.GATEWAY_WEBHOOKS)
    await handle(small, streams.SYNCER_WEBHOOKS)

    pruned = await prune(small.client, "WEBHOOKS")

    assert pruned == Pruned(stream="WEBHOOKS", kept_for=("requester-webhooks",))


async def test_a_stream_with_room_keeps_what_is_handled(small: Bus) -> None:
    for number in range(10):
        await small.publish(PLEX, bytes(4000), message_id=f"{number}")
    for spec in OURS:
        await handle(small, spec)

    assert await prune(small.client, "WEBHOOKS") is None
    assert await sequences(small) == (1, 10)


async def test_an_attempt_at_writing_leaves_nothing(small: Bus) -> None:
    assert await storage.is_written(small.client)

    assert [(state.messages, state.failure) for state in await storage.look(small.client)] == [(0, None)] * 5


async def test_a_full_stream_of_jobs_says_nothing_of_the_disk(bus: Bus) -> None:
    stream = bus.client.jetstream()
    config = (await stream.stream_info("JOBS")).config
    await stream.update_stream(config.evolve(max_bytes=100))
    await bus.publish("jobs.linker.one", b"", message_id="one")
    with pytest.raises(UnavailableError, match="maximum bytes exceeded"):
        await bus.publish("jobs.linker.two", b"", message_id="two")

    assert await storage.is_written(bus.client)


async def test_a_server_that_is_gone_is_said_to_be(small: Bus) -> None:
    client = small.client
    await client.close()

    with pytest.raises(UnavailableError):
        await storage.look(client)
    with pytest.raises(UnavailableError):
        await prune(client, "WEBHOOKS")
    assert not await storage.is_written(client)
