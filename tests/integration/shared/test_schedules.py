"""Scheduled jobs are given once per slot over all replicas, whenever these start."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, time, timedelta

import pytest

from shared.bus.connection import Bus
from shared.bus.message import Message
from shared.bus.work import Worker
from shared.postgres.pool import Pool
from shared.runtime import Parts, Service
from shared.schedules import Schedules, When
from shared.schemas.job import Job
from shared.schemas.secret import Secret
from tests.integration.service import at_work, parts_of, until

NIGHT = datetime(2026, 5, 1, 2, 59, tzinfo=UTC)


class CountSheep(Job, queue="linker", name="count_sheep", frozen=True):
    """A job for this test."""


class CountMeadow(Job, queue="linker", name="count_meadow", frozen=True):
    """Another one, for one meadow."""

    meadow: str


class House:
    """Replicas with one schedule and one clock."""

    def __init__(self, pool: Pool, when: When) -> None:
        self._pool = pool
        self._when = when
        self.now = NIGHT

    def replica(self) -> Schedules:
        schedules = Schedules(Worker(self._pool), now=lambda: self.now)
        schedules.add(self._when, CountSheep())
        return schedules

    async def given(self) -> list[str]:
        """Take the ids of the jobs that were given but not published yet."""
        rows = await self._pool.fetch("delete from outbox returning message_id")
        return [row["message_id"] for row in rows]


async def test_a_night_is_begun_once_by_all_replicas(pool: Pool) -> None:
    house = House(pool, time(3))
    replicas = [house.replica(), house.replica()]

    for replica in (*replicas, *replicas):
        await replica.give_due()
    last_night = await house.given()
    house.now += timedelta(minutes=2)
    for replica in (*replicas, *replicas):
        await replica.give_due()

    assert last_night == ["linker.count_sheep:2026-04-30T03:00:00Z"]
    assert await house.given() == ["linker.count_sheep:2026-05-01T03:00:00Z"]


async def test_who_starts_late_makes_up_for_a_slot_that_nobody_began_and_repeats_none(pool: Pool) -> None:
    house = House(pool, timedelta(hours=6))
    house.now += timedelta(hours=2)

    await house.replica().give_due()
    made_up_for = await house.given()
    house.now += timedelta(hours=1)
    await house.replica().give_due()

    assert made_up_for == ["linker.count_sheep:2026-05-01T00:00:00Z"]
    assert await house.given() == []


async def test_a_clock_that_is_set_back_begins_no_slot_again(pool: Pool) -> None:
    house = House(pool, time(3))
    replica = house.replica()
    given = []

    for minutes in (0, 2, -2, 2):
        house.now += timedelta(minutes=minutes)
        await replica.give_due()
        given.append(await house.given())

    assert given == [
        ["linker.count_sheep:2026-04-30T03:00:00Z"],
        ["linker.count_sheep:2026-05-01T03:00:00Z"],
        [],
        [],
    ]


async def test_the_same_job_for_two_things_is_two_schedules(pool: Pool) -> None:
    schedules = Schedules(Worker(pool), now=lambda: NIGHT)
    for meadow in ("north", "south"):
        schedules.add(time(3), CountMeadow(meadow))

    await schedules.give_due()
    await schedules.give_due()

    assert await pool.fetchval("select count(distinct message_id) from outbox") == 2


async def test_no_hours_are_no_schedule(pool: Pool) -> None:
    house = House(pool, timedelta(hours=0))

    await house.replica().give_due()

    assert await house.given() == []


@pytest.fixture
async def two(bus: Bus, database_url: Secret) -> AsyncIterator[list[Parts]]:
    async with (
        parts_of("linker", bus=bus, database_url=database_url) as first,
        parts_of("linker", bus=bus, database_url=database_url) as second,
    ):
        yield [first, second]


async def test_two_replicas_of_a_service_do_the_job_once(two: list[Parts], bus: Bus, pool: Pool) -> None:
    done: list[str] = []

    async def count(_job: CountSheep, message: Message) -> None:
        done.append(message.id)

    services = [Service(parts) for parts in two]
    for service in services:
        service.every(timedelta(days=7), CountSheep())
        service.work(CountSheep.done_by(count))

    async with at_work(services[0]), at_work(services[1]):
        await until(lambda: bool(done))

        async def is_quiet() -> bool:
            found = await bus.client.jetstream().consumer_info("JOBS", "linker-jobs")
            is_said = await pool.fetchval("select count(*) from outbox") == 0
            return is_said and not (found.num_pending or found.num_ack_pending)

        await until(is_quiet)

    assert len(done) == 1
