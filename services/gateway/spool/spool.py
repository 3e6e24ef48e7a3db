"""Where messages wait while NATS is slow, frozen or away: on disk and in order.

One thread does all the writing and reading, so that the event loop never waits for a disk.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final, TypeVar, TypeVarTuple, Unpack

import msgspec

from services.gateway.spool.commits import GroupCommit
from services.gateway.spool.damage import Damage
from services.gateway.spool.files import Batch, Files, open_files
from services.gateway.spool.quota import Limits, Quota
from services.gateway.spool.record import Record
from services.gateway.spool.store import SpooledRecord

GATHER: Final = timedelta(milliseconds=3)
_LIMITS: Final = Limits()

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class SpoolState(msgspec.Struct, frozen=True):
    """For metrics and `/ready`. `refused`: records kept although JetStream will never take them."""

    records: int
    size: int
    refused: int
    oldest_at: datetime | None


class Spool:
    """`append` returns once the record is on the disk; `oldest` and `settle` are for the drain."""

    def __init__(
        self, files: Files, thread: ThreadPoolExecutor, *, limits: Limits, gather: timedelta, clock: Callable[[], float]
    ) -> None:
        self._files = files
        self._thread = thread
        self._clock = clock
        self._quota = Quota(limits)
        self._commits = GroupCommit(self._write, gather=gather.total_seconds())
        self._filled = asyncio.Event()
        self._unwritten: Counter[tuple[str, int]] = Counter()
        self._losses = files.losses
        self._refused = 0
        self._oldest_at: float | None = None

    def holds(self, source: str) -> bool:
        """Tell whether records of this source wait, so that a new one must go behind them."""
        return self._quota.holds(source)

    def state(self) -> SpoolState:
        """Return what waits, and since when."""
        oldest_at = None if self._oldest_at is None else datetime.fromtimestamp(self._oldest_at, UTC)
        return SpoolState(self._quota.records, self._quota.size, self._refused, oldest_at)

    async def append(self, record: Record) -> None:
        """Return once the record would survive a power cut; raises `SpoolFullError`."""
        self._quota.admit(record.source, len(record.data))
        self._unwritten[record.source, len(record.data)] += 1
        await self._commits.add(record)

    async def check_writable(self) -> None:
        """Commit a test row; raises `SpoolFullError` where a record would not be taken either."""
        self._quota.require_room()
        await self._run(self._files.check_writable, self._clock())

    async def wait_for_records(self) -> None:
        """Return once something has been appended since the last call."""
        await self._filled.wait()
        self._filled.clear()

    async def oldest(self, limit: int) -> Batch:
        """Return the first records that wait; raises `UnavailableError`."""
        batch = await self._run(self._files.oldest, limit)
        if self._files.losses != self._losses:
            await self.recount()
        return batch

    async def settle(
        self, batch: Batch, stored: Sequence[SpooledRecord], refused: Sequence[tuple[SpooledRecord, str]]
    ) -> None:
        """Remove what JetStream has stored, set aside what it will never take; raises `UnavailableError`."""
        await self._run(
            batch.store.settle,
            [kept.sequence for kept in stored],
            [(kept.sequence, reason) for kept, reason in refused],
        )
        self._uncount([kept.record for kept in (*stored, *(kept for kept, _ in refused))])
        self._refused += len(refused)
        self._oldest_at = await self._run(self._files.oldest_at)

    async def recount(self) -> None:
        """Count what the files hold, and what is being written to them."""
        losses, totals = self._files.losses, await self._run(self._files.totals)
        self._quota.clear()
        for total in totals:
            self._quota.count(total.source, total.records, total.size)
        for (source, size), records in self._unwritten.items():
            self._quota.count(source, records, records * size)
        self._losses = losses
        self._refused = await self._run(self._files.count_refused)
        self._oldest_at = await self._run(self._files.oldest_at)

    def damage(self) -> list[Damage]:
        """Return what was found damaged or missing, until somebody removes the notes."""
        return self._files.damage()

    async def close(self) -> None:
        """Finish the commits and close the files."""
        await self._commits.finish()
        await self._run(self._files.close)

    def _write(self, records: list[Record]) -> asyncio.Future[None]:
        spooled_at = self._clock()
        write = self._run(self._files.append, records, spooled_at)
        write.add_done_callback(partial(self._finish_write, records, spooled_at))
        return write

    def _finish_write(self, records: list[Record], spooled_at: float, write: asyncio.Future[None]) -> None:
        self._unwritten -= Counter((record.source, len(record.data)) for record in records)
        if write.exception():
            self._uncount(records)
            return
        if self._oldest_at is None:
            self._oldest_at = spooled_at
        self._filled.set()

    def _uncount(self, records: Sequence[Record]) -> None:
        for record in records:
            self._quota.count(record.source, -1, -len(record.data))

    def _run(self, work: Callable[[Unpack[Ts]], T], *args: *Ts) -> asyncio.Future[T]:
        return asyncio.get_running_loop().run_in_executor(self._thread, work, *args)


@asynccontextmanager
async def open_spool(
    folder: Path, *, limits: Limits = _LIMITS, gather: timedelta = GATHER, clock: Callable[[], float] = time.time
) -> AsyncIterator[Spool]:
    """Open the spool in this folder, with what dead processes left there; raises `UnusableSpoolError`."""
    with ThreadPoolExecutor(1, thread_name_prefix="spool") as thread:
        loop = asyncio.get_running_loop()
        files = await loop.run_in_executor(thread, partial(open_files, folder, size=limits.size, clock=clock))
        spool = Spool(files, thread, limits=limits, gather=gather, clock=clock)
        await spool.recount()
        try:
            yield spool
        finally:
            await spool.close()
