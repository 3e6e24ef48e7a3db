"""A message is stored on JetStream or in the spool, and refused only where neither takes it."""

import asyncio
from datetime import timedelta

import pytest

from services.gateway.spool.nats_or_spool import NatsOrSpool, NoSpool
from services.gateway.spool.record import SpoolFullError
from shared.bus.publishing import Stored
from shared.errors import TooLargeError, UnavailableError
from tests.unit.gateway.fakes import FakePublisher, FakeSpool, record, refuse, say_nothing

MOMENT = timedelta(milliseconds=10)


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class Scene:
    def __init__(self) -> None:
        self.publisher = FakePublisher()
        self.spool = FakeSpool()
        self.clock = Clock()
        self.storage = NatsOrSpool(
            self.publisher, self.spool, patience=MOMENT, last_resort=MOMENT * 5, clock=self.clock
        )

    def spooled(self) -> list[str]:
        return [each.message_id for each in self.spool.records]


@pytest.fixture
def scene() -> Scene:
    return Scene()


async def test_an_acknowledged_message_does_not_touch_the_spool(scene: Scene) -> None:
    duplicate = await scene.storage.store(record(1))

    assert duplicate is False
    assert list(scene.publisher.messages) == ["plex-1"]
    assert scene.publisher.subjects == ["webhooks.plex.test"]
    assert scene.publisher.headers == [record(1).headers]
    assert scene.spooled() == []


async def test_a_repeat_is_told_as_such(scene: Scene) -> None:
    await scene.storage.store(record(1))

    assert await scene.storage.store(record(1)) is True


async def test_an_acknowledgement_within_patience_is_waited_for(scene: Scene) -> None:
    def soon(future: asyncio.Future[Stored], duplicate: bool) -> None:  # noqa: FBT001
        asyncio.get_running_loop().call_soon(future.set_result, Stored("WEBHOOKS", 1, duplicate))

    scene.publisher.answer = soon

    assert await scene.storage.store(record(1)) is False
    assert scene.spooled() == []


async def test_after_a_slow_acknowledgement_the_spool_takes_a_copy_under_the_same_id(scene: Scene) -> None:
    scene.publisher.answer = say_nothing

    duplicate = await scene.storage.store(record(1))

    assert duplicate is False
    assert scene.publisher.sent == scene.spooled() == ["plex-1"]
    assert not scene.publisher.futures[0].cancelled()
    scene.publisher.futures[0].set_exception(UnavailableError("gone after all"))  # and it disturbs nothing
    await asyncio.sleep(0)


async def test_a_publish_given_up_by_the_client_goes_to_the_spool(scene: Scene) -> None:
    def give_up(future: asyncio.Future[Stored], duplicate: bool) -> None:  # noqa: FBT001
        asyncio.get_running_loop().call_soon(future.cancel)

    scene.publisher.answer = give_up

    assert await scene.storage.store(record(1)) is False
    assert scene.spooled() == ["plex-1"]


async def test_without_connection_the_spool_takes_it_at_once(scene: Scene) -> None:
    scene.publisher.is_connected = False

    assert await scene.storage.store(record(1)) is False
    assert scene.spooled() == ["plex-1"]


@pytest.mark.parametrize("source", ["plex", "emby"])
async def test_after_a_failure_nothing_is_tried_for_a_second(scene: Scene, source: str) -> None:
    scene.publisher.answer = refuse
    await scene.storage.store(record(1))
    scene.clock.seconds += 0.9

    await scene.storage.store(record(2, source=source))

    assert scene.publisher.sent == ["plex-1"]
    assert scene.spooled() == ["plex-1", f"{source}-2"]


async def test_after_that_second_other_sources_are_tried_again(scene: Scene) -> None:
    scene.publisher.is_connected = False
    await scene.storage.store(record(1))
    scene.publisher.is_connected = True
    scene.clock.seconds += 1.0

    await scene.storage.store(record(2, source="emby"))

    assert list(scene.publisher.messages) == ["emby-2"]


async def test_new_events_go_behind_the_spooled_ones_of_their_source(scene: Scene) -> None:
    scene.spool.records.append(record(1))

    await scene.storage.store(record(2))
    await scene.storage.store(record(3, source="emby"))

    assert scene.spooled() == ["plex-1", "plex-2"]
    assert list(scene.publisher.messages) == ["emby-3"]


async def test_where_neither_takes_it_the_sender_is_told_when_to_come_again(scene: Scene) -> None:
    scene.publisher.is_connected = False
    scene.spool.is_full = True

    with pytest.raises(SpoolFullError) as failure:
        await scene.storage.store(record(1))
    assert failure.value.status == 503
    assert failure.value.retry_after == timedelta(seconds=5)


async def test_a_full_spool_waits_longer_for_jetstream(scene: Scene) -> None:
    def late(future: asyncio.Future[Stored], duplicate: bool) -> None:  # noqa: FBT001
        asyncio.get_running_loop().call_later(0.02, future.set_result, Stored("WEBHOOKS", 1, duplicate))

    scene.publisher.answer = late
    scene.spool.is_full = True

    assert await scene.storage.store(record(1)) is False
    assert scene.publisher.sent == ["plex-1"]


async def test_a_full_spool_lets_an_event_overtake_rather_than_be_lost(scene: Scene) -> None:
    scene.spool.records.append(record(1))
    scene.spool.is_full = True

    await scene.storage.store(record(2))

    assert list(scene.publisher.messages) == ["plex-2"]


async def test_a_message_too_large_for_the_stream_is_not_spooled(scene: Scene) -> None:
    def too_large(future: asyncio.Future[Stored], duplicate: bool) -> None:  # noqa: FBT001
        future.set_exception(TooLargeError("over 256 KiB"))

    scene.publisher.answer = too_large

    with pytest.raises(TooLargeError):
        await scene.storage.store(record(1))
    assert scene.spooled() == []


async def test_with_the_spool_off_a_slow_acknowledgement_is_waited_for(scene: Scene) -> None:
    def late(future: asyncio.Future[Stored], duplicate: bool) -> None:  # noqa: FBT001
        asyncio.get_running_loop().call_later(0.02, future.set_result, Stored("WEBHOOKS", 1, duplicate))

    scene.publisher.answer = late
    storage = NatsOrSpool(scene.publisher, NoSpool(), patience=MOMENT, last_resort=MOMENT * 5)

    assert await storage.store(record(1)) is False


async def test_with_the_spool_off_and_jetstream_away_nothing_is_promised(scene: Scene) -> None:
    scene.publisher.answer = say_nothing
    storage = NatsOrSpool(scene.publisher, NoSpool(), patience=MOMENT, last_resort=MOMENT)

    with pytest.raises(UnavailableError, match="switched off"):
        await storage.store(record(1))
