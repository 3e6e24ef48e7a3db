"""The spool empties itself into JetStream, in order, through every kind of failure."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from services.gateway.spool.drain import IN_FLIGHT, Drain, Step
from services.gateway.spool.spool import Spool, open_spool
from shared.bus.publishing import Stored
from shared.errors import TooLargeError, UnavailableError
from tests.unit.gateway.fakes import FakePublisher, record, refuse, say_nothing

SHORT = timedelta(milliseconds=20)


@pytest.fixture
async def spool(tmp_path: Path) -> AsyncIterator[Spool]:
    async with open_spool(tmp_path) as spool:
        yield spool


async def fill(spool: Spool, count: int) -> list[str]:
    await asyncio.gather(*(spool.append(record(number)) for number in range(count)))
    return [f"plex-{number}" for number in range(count)]


@asynccontextmanager
async def running(drain: Drain) -> AsyncIterator[None]:
    task = asyncio.create_task(drain.run())
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - the spool tells nobody when it is empty
            await asyncio.sleep(0.005)


async def test_all_records_arrive_in_order_with_their_ids_and_headers(spool: Spool) -> None:
    publisher = FakePublisher()
    ids = await fill(spool, 3)

    assert await Drain(spool, publisher).step() is Step.MOVED

    assert list(publisher.messages) == ids
    assert publisher.subjects == ["webhooks.plex.test"] * 3
    assert publisher.headers == [record(number).headers for number in range(3)]
    assert spool.state().records == 0


async def test_at_most_so_many_are_in_flight(spool: Spool) -> None:
    publisher = FakePublisher(say_nothing)
    await fill(spool, IN_FLIGHT + 50)

    await Drain(spool, publisher, patience=SHORT).step()

    assert len(publisher.sent) == IN_FLIGHT == 200


async def test_what_is_not_acknowledged_stays(spool: Spool) -> None:
    publisher = FakePublisher(say_nothing)
    await fill(spool, 2)

    assert await Drain(spool, publisher, patience=SHORT).step() is Step.STUCK

    assert spool.state().records == 2
    assert all(future.cancelled() for future in publisher.futures)


async def test_only_the_acknowledged_ones_of_a_batch_go(spool: Spool) -> None:
    def first_only(future: asyncio.Future[Stored], duplicate: bool) -> None:  # noqa: FBT001
        if publisher.sent == ["plex-0"]:
            future.set_result(Stored("WEBHOOKS", 1, duplicate))
        else:
            future.set_exception(UnavailableError("the stream is full"))

    publisher = FakePublisher(first_only)
    await fill(spool, 3)

    assert await Drain(spool, publisher).step() is Step.STUCK

    assert [kept.record.message_id for kept in (await spool.oldest(10)).kept] == ["plex-1", "plex-2"]


async def test_a_lost_connection_stops_the_batch_so_that_nothing_overtakes(spool: Spool) -> None:
    def hang_up(future: asyncio.Future[Stored], duplicate: bool) -> None:  # noqa: FBT001
        future.set_result(Stored("WEBHOOKS", 1, duplicate))
        publisher.is_connected = len(publisher.sent) < 2

    publisher = FakePublisher(hang_up)
    await fill(spool, 4)

    assert await Drain(spool, publisher).step() is Step.STUCK

    assert publisher.sent == ["plex-0", "plex-1"]
    assert spool.state().records == 2


async def test_a_record_that_jetstream_will_never_take_holds_nobody_up(spool: Spool) -> None:
    def too_large(future: asyncio.Future[Stored], duplicate: bool) -> None:  # noqa: FBT001
        if publisher.sent[-1] == "plex-1":
            future.set_exception(TooLargeError("over the limit"))
        else:
            future.set_result(Stored("WEBHOOKS", 1, duplicate))

    publisher = FakePublisher(too_large)
    await fill(spool, 3)

    with capture_logs() as logs:
        assert await Drain(spool, publisher).step() is Step.MOVED

    assert list(publisher.messages) == ["plex-0", "plex-2"]
    assert (spool.state().records, spool.state().refused) == (0, 1)
    assert [(entry["event"], entry["message_id"]) for entry in logs] == [("spooled_record_refused", "plex-1")]


async def test_an_empty_spool_has_nothing_to_do(spool: Spool) -> None:
    assert await Drain(spool, FakePublisher()).step() is Step.EMPTY


async def test_a_sleeping_drain_wakes_for_a_new_record(spool: Spool) -> None:
    publisher = FakePublisher()
    async with running(Drain(spool, publisher)):
        await asyncio.sleep(0.02)

        await spool.append(record(1))

        await until(lambda: spool.state().records == 0)
    assert list(publisher.messages) == ["plex-1"]


@pytest.mark.parametrize("failure", [say_nothing, refuse])
async def test_the_drain_goes_on_when_jetstream_is_back(
    spool: Spool, failure: Callable[[asyncio.Future[Stored], bool], None]
) -> None:
    publisher = FakePublisher(failure)
    ids = await fill(spool, 450)
    with capture_logs() as logs:
        async with running(Drain(spool, publisher, patience=SHORT)):
            await until(lambda: len(publisher.sent) > IN_FLIGHT)
            assert spool.state().records == 450

            publisher.answer = FakePublisher().answer

            await until(lambda: spool.state().records == 0)
    assert list(publisher.messages) == ids
    assert [entry["event"] for entry in logs] == ["spool_stuck", "spool_moves_again"]


async def test_a_frozen_jetstream_is_probed_with_one_record(spool: Spool) -> None:
    publisher = FakePublisher(say_nothing)
    await fill(spool, 300)
    async with running(Drain(spool, publisher, patience=SHORT)):
        await until(lambda: len(publisher.sent) >= IN_FLIGHT + 2)

    assert publisher.sent[IN_FLIGHT:] == ["plex-0"] * (len(publisher.sent) - IN_FLIGHT)
