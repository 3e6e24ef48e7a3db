"""Writes what several handlers bring within a moment in one statement.

The event log's handlers run for every webhook, and a commit for each row would be most of their cost.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from itertools import islice
from typing import Final, Generic, TypeVar

GATHER: Final = timedelta(milliseconds=100)
"""With the most handlers at once, a limit of about 600 rows a second: taking webhooks in comes before showing them."""
MOST: Final = 100

T = TypeVar("T")


class _Entry(Generic[T]):
    """An item, told apart from an equal one."""

    __slots__ = ("item",)

    def __init__(self, item: T) -> None:
        self.item = item


class Batch(Generic[T]):
    """`add` returns once the item is written; what `write` raises is raised to each whose item it was."""

    def __init__(
        self,
        write: Callable[[Sequence[T]], Awaitable[None]],
        *,
        gather: timedelta = GATHER,
        most: int = MOST,
    ) -> None:
        self._write = write
        self._gather = gather.total_seconds()
        self._most = most
        self._waiting: dict[_Entry[T], None] = {}
        self._lock = asyncio.Lock()

    async def add(self, item: T) -> None:
        """Write an item together with those that come within a moment."""
        entry = _Entry(item)
        self._waiting[entry] = None
        try:
            async with self._lock:  # first come, first served: what came before this entry is written by now
                if entry in self._waiting:
                    await self._write_some()
        finally:
            self._waiting.pop(entry, None)

    async def _write_some(self) -> None:
        await asyncio.sleep(self._gather)
        group = list(islice(self._waiting, self._most))
        await self._write([entry.item for entry in group])
        for entry in group:
            self._waiting.pop(entry, None)
