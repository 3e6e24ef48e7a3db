"""A run continues after its process was killed at any stage, and does nothing twice."""

import asyncio
import signal
import sys
from contextlib import suppress
from typing import get_args

import nats.js.errors
import pytest

from shared.bus.connection import Bus
from shared.postgres.pool import Pool
from shared.schemas.runs import Progress, RunError
from shared.schemas.secret import Secret
from tests.integration.shared.dying_counter import CancelStage, PageStage, Stage
from tests.integration.shared.runs import QUEUE, Counting, Place, counter


async def die(stage: Stage, database_url: Secret, nats_url: Secret) -> int:
    """Let a process begin a run and die; return its status."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.shared.dying_counter", stage, stdin=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(60):
        await process.communicate(f"{database_url.reveal()}\n{nats_url.reveal()}\n".encode())
    return process.returncode or 0


async def deliver_all_again(bus: Bus) -> None:
    """Reset the consumer: all jobs are delivered again at once, even those that are done."""
    with suppress(nats.js.errors.NotFoundError):
        await bus.client.jetstream().delete_consumer(QUEUE.stream, QUEUE.name)
    with suppress(nats.js.errors.NotFoundError):
        await bus.client.jetstream().delete_consumer("JOBS", "linker-jobs")


@pytest.mark.parametrize("stage", get_args(PageStage))
async def test_a_killed_run_goes_on_where_it_was(
    stage: Stage, bus: Bus, pool: Pool, database_url: Secret, nats_url: Secret
) -> None:
    await pool.execute("create table public.counted (number int not null)")
    assert await die(stage, database_url, nats_url) == -signal.SIGKILL
    run_id = await pool.fetchval("select id from runs where status in ('queued', 'running')")
    await deliver_all_again(bus)

    async with counter(bus, database_url, Counting()) as found:
        run = await found.over(run_id)

        assert (run.status, run.progress, run.counts) == ("success", Progress(9, 9), {"numbers": 9})
        assert await found.counted() == [*range(9)]


@pytest.mark.parametrize("stage", get_args(CancelStage))
async def test_a_run_whose_cancelling_was_killed_ends_cancelled(
    stage: Stage, bus: Bus, pool: Pool, database_url: Secret, nats_url: Secret
) -> None:
    await pool.execute("create table public.counted (number int not null)")
    assert await die(stage, database_url, nats_url) == -signal.SIGKILL
    run_id = await pool.fetchval("select id from runs")
    await deliver_all_again(bus)
    goes_on = asyncio.Event()

    async def wait(_place: Place) -> None:
        await goes_on.wait()

    async with counter(bus, database_url, Counting(wait)) as found:
        run = await found.over(run_id)
        counted = await found.counted()
        goes_on.set()
        after = await found.over(await found.begin(up_to=1))

        assert (run.status, run.errors) == ("cancelled", (RunError("the run", "cancelled by anna"),))
        assert after.status == "success"
        assert await found.counted() == sorted([*counted, 0])
