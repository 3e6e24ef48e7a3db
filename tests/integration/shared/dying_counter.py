"""A process that begins a run and kills itself at a stage of its second page or of its end: `python -m … <stage>`.

The addresses of Postgres and NATS are the first two lines of its standard input.
"""

import asyncio
import os
import signal
import sys
from typing import Literal, get_args

import msgspec

from shared.bus.connection import connect
from shared.bus.message import Message
from shared.runs.runs import Runs
from shared.runtime import Service
from shared.schemas.runs import CancelRun, DoPage
from shared.schemas.secret import Secret
from tests.integration.service import at_work, parts_of
from tests.integration.shared.runs import QUEUE, Counting, Place, nothing, now

PageStage = Literal["begun", "taken", "started", "stored", "committed"]
CancelStage = Literal["cancelling", "cancelled"]
Stage = PageStage | CancelStage


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class DyingRuns(Runs):
    """Runs that are killed while one is cancelled."""

    stage: Stage = "begun"

    async def cancel(self, job: CancelRun, message: Message) -> None:
        if self.stage == "cancelling":
            die()
        await super().cancel(job, message)
        die()


class Dying:
    """What kills the process, at its stage."""

    def __init__(self, stage: Stage, runs: Runs) -> None:
        self._stage = stage
        self._runs = runs
        self.counting = Counting(
            self._die if stage == "started" else nothing, stored=self._die if stage == "stored" else nothing
        )
        self._do = runs.add(self.counting.kind).do

    async def _die(self, place: Place) -> None:
        if place.at:
            die()

    async def do_page(self, job: DoPage, message: Message) -> None:
        if job.page == 1 and self._stage == "taken":
            die()
        if job.page == 1 and self._stage in get_args(CancelStage):
            await asyncio.Event().wait()
        await self._do(job, message)
        if job.page == 1 and self._stage == "committed":
            die()


async def main(stage: Stage, database_url: Secret, nats_url: Secret) -> None:
    async with (
        connect(nats_url, name="dying") as bus,
        parts_of("linker", bus=bus, database_url=database_url) as parts,
    ):
        service, runs = Service(parts), DyingRuns("linker", parts.worker, now=now)
        runs.stage = stage
        dying = Dying(stage, runs)
        service.add_runs(runs)
        service.work(DoPage.done_by(dying.do_page), queue=QUEUE)
        async with parts.worker.on_request() as work:
            run = await runs.begin(work, dying.counting.kind, Place(0, 9), requested_by="anna")
        if stage == "begun":
            die()
        async with at_work(service):
            if stage in get_args(CancelStage):
                async with parts.worker.on_request() as work:
                    work.give(CancelRun(run_id=run.id, cancelled_by="anna"), cause=run.id, queue="linker")
            await asyncio.Event().wait()


if __name__ == "__main__":
    database_url, nats_url = (Secret(sys.stdin.readline().strip()) for _ in range(2))
    asyncio.run(main(msgspec.convert(sys.argv[1], Stage), database_url, nats_url))
