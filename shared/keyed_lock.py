"""A lock per key: those who want the same key get it one after the other, in order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.errors import ThrottledError


class _Queue:
    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.length = 0


class KeyedLock:
    """Locks within one process; an unused key takes no memory."""

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._queues: dict[str, _Queue] = {}

    @asynccontextmanager
    async def holding(self, key: str) -> AsyncIterator[None]:
        """Hold the lock of a key; raise `ThrottledError` if too many hold it or wait for it."""
        queue = self._queues.setdefault(key, _Queue())
        if queue.length >= self._most:
            raise ThrottledError("too many at once: wait a moment, then try again")
        queue.length += 1
        try:
            async with queue.lock:
                yield
        finally:
            queue.length -= 1
            if not queue.length:
                self._queues.pop(key, None)
