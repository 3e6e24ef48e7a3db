"""Runs: a chain of pages, one run of a kind at a time, ended by cancelling, by the last page or by one that fails."""

import asyncio
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from structlog.testing import capture_logs

from shared.bus.connection import Bus
from shared.bus.questions import ask
from shared.errors import ConflictError, NotFoundError, PermanentError
from shared.runs.runs import KEPT, LOST_AFTER
from shared.schemas.runs import BeginRun, DoPage, ListKinds, Progress, RunError
from shared.schemas.secret import Secret
from tests.integration.service import until
from tests.integration.shared.runs import Counting, Place, counter


class Gate:
    """Holds pages up until it is opened."""

    def __init__(self, at: int = 0) -> None:
        self._at = at
        self.is_reached = asyncio.Event()
        self.opens = asyncio.Event()

    async def __call__(self, place: Place) -> None:
        if place.at == self._at:
            self.is_reached.set()
            await self.opens.wait()


async def test_a_run_does_page_after_page_and_says_how_far_it_is(bus: Bus, database_url: Secret) -> None:
    async with counter(bus, database_url, Counting(bad=frozenset({4}))) as found:
        run = await found.over(await found.begin(up_to=8))

        assert (run.status, run.progress, run.counts) == ("partial", Progress(8, 8), {"numbers": 8, "errors": 1})
        assert run.errors == (RunError("number 4", "it is bad"),)
        assert (run.kind, run.service, run.requested_by) == ("counting", "linker", "anna")
        assert run.started_at is not None
        assert run.duration_ms is not None
        assert await found.counted() == [*range(8)]
        assert [each.status for each in found.heard][:2] == ["queued", "running"]


async def test_one_of_a_kind_runs_at_a_time_and_who_asks_again_is_told_which(bus: Bus, database_url: Secret) -> None:
    gate = Gate()
    async with counter(bus, database_url, Counting(gate)) as found:
        first = await found.begin()
        again = await found.begin()
        gate.opens.set()
        await found.over(first)

        later = await found.begin()

        assert again == first
        assert later != first
        await found.over(later)


async def test_a_cancelled_run_ends_at_once_and_the_page_in_the_middle_stores_nothing(
    bus: Bus, database_url: Secret
) -> None:
    gate = Gate(at=3)
    async with counter(bus, database_url, Counting(gate)) as found:
        run_id = await found.begin()
        await gate.is_reached.wait()

        await found.cancel(run_id)
        run = await found.over(run_id)
        gate.opens.set()

        assert (run.status, run.errors) == ("cancelled", (RunError("the run", "cancelled by anna"),))
        after = await found.over(await found.begin(up_to=2))
        assert after.status == "success"
        assert await found.counted() == [0, 0, 1, 1, 2]


async def test_who_cancels_a_run_that_is_over_hears_again_how_it_ended(bus: Bus, database_url: Secret) -> None:
    async with counter(bus, database_url, Counting()) as found:
        run = await found.over(await found.begin())
        found.heard.clear()
        await bus.client.jetstream().purge_stream("EVENTS")

        await found.cancel(run.id)

        again = await found.over(run.id)
        assert (again.status, again.finished_at, again.errors) == ("success", run.finished_at, ())
        assert again.sequence > run.sequence


async def test_a_page_among_the_dead_letters_ends_its_run(bus: Bus, database_url: Secret) -> None:
    async def fail(place: Place) -> None:
        if place.at == 3:
            raise PermanentError("the other side says no")

    async with counter(bus, database_url, Counting(fail)) as found:
        run = await found.over(await found.begin())

        assert (run.status, run.progress.done) == ("error", 3)
        assert run.errors == (RunError("the run", "the other side says no"),)
        assert await found.counted() == [0, 1, 2]


async def test_a_job_that_was_lost_is_given_again(bus: Bus, database_url: Secret) -> None:
    time = datetime.now(UTC)
    gate = Gate()
    async with counter(bus, database_url, Counting(gate), clock=lambda: time) as found:
        run_id = await found.begin()
        await gate.is_reached.wait()
        await found.parts.pool.execute("update runs set page = 7")  # the next delivery is of another page
        gate.opens.set()
        with capture_logs() as early:
            await found.runs.recover_and_forget()
        time += LOST_AFTER + timedelta(seconds=1)

        with capture_logs() as late:
            await found.runs.recover_and_forget()

        assert [[each["run"] for each in lines if each["event"] == "run_page_lost"] for lines in (early, late)] == [
            [],
            [run_id],
        ]
        assert (await found.over(run_id)).status == "success"


async def test_a_page_that_waits_for_another_try_is_not_lost(bus: Bus, database_url: Secret) -> None:
    time = datetime.now(UTC)
    gate = Gate()
    async with counter(bus, database_url, Counting(gate), clock=lambda: time) as found:
        run_id = await found.begin()
        await gate.is_reached.wait()
        await found.parts.pool.execute(
            """insert into retries (consumer, message_id, subject, headers, payload, attempts, due_at, reason)
            values ('x', $1, '', '{}', '', 1, $2, '')""",
            f"{run_id}:0",
            time + timedelta(days=1),
        )
        time += 2 * LOST_AFTER

        with capture_logs() as lines:
            await found.runs.recover_and_forget()

        assert [each for each in lines if each["event"] == "run_page_lost"] == []
        gate.opens.set()
        await found.over(run_id)


async def test_old_runs_are_forgotten(bus: Bus, database_url: Secret) -> None:
    time = datetime.now(UTC)
    async with counter(bus, database_url, Counting(), clock=lambda: time) as found:
        await found.over(await found.begin())
        time += KEPT + timedelta(minutes=1)

        await found.runs.recover_and_forget()

        assert await found.parts.pool.fetchval("select count(*) from runs") == 0


async def test_what_cannot_begin_is_reported(bus: Bus, database_url: Secret) -> None:
    async with counter(bus, database_url, Counting()) as found:
        with pytest.raises(ConflictError, match="nothing to count"):
            await found.begin(up_to=0)
        with pytest.raises(NotFoundError, match="no kind of run 'baking'"):
            await ask(bus, BeginRun(kind="baking", requested_by="anna"), of="linker")


async def test_a_service_says_when_each_kind_begins_by_itself(bus: Bus, database_url: Secret) -> None:
    async with counter(bus, database_url, Counting(), clock=lambda: datetime(2026, 5, 1, 7, tzinfo=UTC)):
        [kind] = (await ask(bus, ListKinds(), of="linker")).kinds

    assert (kind.kind, kind.next_at) == ("counting", datetime(2026, 5, 1, 12, tzinfo=UTC))


async def test_two_replicas_share_a_run(bus: Bus, database_url: Secret) -> None:
    async with (
        counter(bus, database_url, Counting()) as found,
        counter(bus, database_url, Counting()),
    ):
        runs = [await found.over(await found.begin(up_to=30)) for _ in range(2)]

        assert [run.status for run in runs] == ["success", "success"]
        assert await found.counted() == sorted([*range(30), *range(30)])


async def test_a_page_that_two_replicas_do_at_once_is_stored_once(bus: Bus, database_url: Secret) -> None:
    arrived: list[Place] = []
    both_are_there = asyncio.Event()

    async def wait(place: Place) -> None:
        if place.at == 3:
            arrived.append(place)
            if len(arrived) > 1:
                both_are_there.set()
            await both_are_there.wait()

    async with (
        counter(bus, database_url, Counting(wait)) as found,
        counter(bus, database_url, Counting(wait)),
    ):
        run_id = await found.begin()
        await until(lambda: bool(arrived))
        payload = msgspec.json.encode(DoPage(run_id=run_id, page=1))
        await bus.publish("jobs.counting.page", payload, message_id="the same page, lost and given again")
        run = await found.over(run_id)

        assert (run.status, run.progress, run.counts) == ("success", Progress(9, 9), {"numbers": 9})
        assert await found.counted() == [*range(9)]
