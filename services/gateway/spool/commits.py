"""Group commit: one transaction for all records that come within a moment, or while the last commit runs."""

import asyncio
from collections.abc import Callable
from functools import partial

from services.gateway.spool.record import Record, SpoolFullError

Group = list[tuple[Record, asyncio.Future[None]]]
Write = Callable[[list[Record]], asyncio.Future[None]]


class GroupCommit:
    """Hands groups to `write`, one at a time; `gather` is how many seconds the first of a group waits for others."""

    def __init__(self, write: Write, *, gather: float) -> None:
        self._write = write
        self._gather = gather
        self._group: Group = []
        self._idle = asyncio.Event()
        self._idle.set()

    async def add(self, record: Record) -> None:
        """Return once the record's group is written; raises `SpoolFullError` where it could not be."""
        loop = asyncio.get_running_loop()
        written = loop.create_future()
        self._group.append((record, written))
        if self._idle.is_set():
            self._idle.clear()
            loop.call_later(self._gather, self._flush)
        await written

    async def finish(self) -> None:
        """Return once nothing waits to be written."""
        await self._idle.wait()

    def _flush(self) -> None:
        group, self._group = self._group, []
        self._write([record for record, _ in group]).add_done_callback(partial(self._finish_group, group))

    def _finish_group(self, group: Group, write: asyncio.Future[None]) -> None:
        if self._group:
            self._flush()
        else:
            self._idle.set()
        error = write.exception()
        for _, written in group:
            if written.done():
                continue  # its caller was cancelled
            if error is None:
                written.set_result(None)
            else:
                written.set_exception(SpoolFullError(str(error)))
