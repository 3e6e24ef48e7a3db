"""A service for tests with one kind of run: it counts to a number, three per page."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from shared.bus.connection import Bus
from shared.bus.questions import ask
from shared.bus.streams import ConsumerSpec
from shared.bus.work import Work
from shared.errors import ConflictError
from shared.runs.kinds import Kind, Page
from shared.runs.runs import Runs
from shared.runtime import Parts, Service
from shared.schemas.events import RunChanged
from shared.schemas.runs import BeginRun, CancelRun, Run, RunError
from shared.schemas.secret import Secret
from tests.integration.service import at_work, parts_of

A_PAGE: Final = 3
QUEUE: Final = ConsumerSpec("linker", "counting", "JOBS", ("jobs.counting.>",))

Hook = Callable[["Place"], Awaitable[None]]


class Place(msgspec.Struct, frozen=True):
    """Where to continue counting, and up to what."""

    at: int
    up_to: int


async def nothing(_place: Place) -> None:
    """Do nothing."""


class Counting:
    """The kind of run. Each page stores its numbers in a table, so that repeats show."""

    def __init__(self, before: Hook = nothing, *, stored: Hook = nothing, bad: frozenset[int] = frozenset()) -> None:
        self._before = before
        self._stored = stored
        self._bad = bad
        self.kind: Final = Kind(
            name="counting",
            queue="counting",
            checkpoint=Place,
            first=self.first,
            step=self.step,
            begins=timedelta(hours=6),
        )

    async def first(self, options: Mapping[str, Any]) -> Place:
        if options.get("up_to") == 0:
            raise ConflictError("there is nothing to count")
        return Place(0, options.get("up_to", 9))

    async def step(self, _run: Run, place: Place) -> Page[Place]:
        await self._before(place)
        numbers = range(place.at, min(place.at + A_PAGE, place.up_to))

        async def effect(work: Work) -> None:
            for number in numbers:
                await work.connection.execute("insert into public.counted (number) values ($1)", number)
            await self._stored(place)

        return Page(
            checkpoint=None if numbers.stop == place.up_to else Place(numbers.stop, place.up_to),
            done=len(numbers),
            total=place.up_to,
            counts={"numbers": len(numbers)},
            errors=tuple(RunError(f"number {each}", "it is bad") for each in numbers if each in self._bad),
            effect=effect,
        )


class Counter:
    """A running service, and the events of its runs."""

    def __init__(self, parts: Parts, runs: Runs) -> None:
        self.parts = parts
        self.runs = runs
        self.heard: list[Run] = []

    async def begin(self, up_to: int = 9) -> str:
        question = BeginRun(kind="counting", requested_by="anna", options={"up_to": up_to})
        return (await ask(self.parts.bus, question, of="linker")).id

    async def cancel(self, run_id: str) -> None:
        async with self.parts.worker.on_request() as work:
            work.give(CancelRun(run_id=run_id, cancelled_by="anna"), cause=run_id, queue="linker")

    def newest(self, run_id: str) -> Run | None:
        return max((run for run in self.heard if run.id == run_id), key=lambda run: run.sequence, default=None)

    async def over(self, run_id: str) -> Run:
        """Wait until a run is over, and return it."""
        async with asyncio.timeout(60):
            while True:
                run = self.newest(run_id)
                if run is not None and run.is_over:
                    return run
                await asyncio.sleep(0.02)

    async def counted(self) -> list[int]:
        rows = await self.parts.pool.fetch("select number from public.counted order by number")
        return [row["number"] for row in rows]


async def hear(bus: Bus, counter: Counter) -> None:
    async def changed(message: Any) -> None:
        counter.heard.append(msgspec.json.decode(message.data, type=RunChanged).run)

    await bus.client.subscribe("events.run.changed", cb=changed)


def now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def counter(
    bus: Bus, database_url: Secret, counting: Counting, *, clock: Callable[[], datetime] = now
) -> AsyncIterator[Counter]:
    async with parts_of("linker", bus=bus, database_url=database_url) as parts:
        await parts.pool.execute("create table if not exists public.counted (number int not null)")
        service, runs = Service(parts), Runs("linker", parts.worker, now=clock)
        service.add_runs(runs)
        service.work(runs.add(counting.kind), queue=QUEUE)
        found = Counter(parts, runs)
        await hear(bus, found)
        async with at_work(service):
            yield found
