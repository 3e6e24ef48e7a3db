"""Rate limits shared by all services, for plex.tv and other systems that answer 429 to frequent callers.

All replicas of all services reserve slots for their calls in one table. A wait that one of them is asked for holds up
all the others.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import Final

from shared.clients.api import CallGuard
from shared.http.calls import UNNAMED_WAIT, RateLimitedError
from shared.postgres.pool import Pool, transaction
from shared.upstreams import store

PLEX_TV: Final = "plex.tv"
"""One limit for all of Plex's own hosts: plex.tv, clients.plex.tv, discover and community."""
EVERY: Final = timedelta(milliseconds=250)
"""Between two calls. No limit is published; plex.tv was seen to refuse ten calls a second."""
PATIENCE: Final = timedelta(seconds=5)


class RateLimit:
    """Allows one call to a system per `every`; a call that would wait longer than `patience` is refused.

    `called` is the system's name in errors, if that differs from `name`.
    """

    def __init__(
        self,
        pool: Pool,
        name: str,
        *,
        called: str = "",
        every: timedelta = EVERY,
        patience: timedelta = PATIENCE,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._pool = pool
        self._name = name
        self._called = called or name
        self._every = every
        self._patience = patience
        self._sleep = sleep
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[None]:
        """Reserve a slot, wait for it, and make one call inside.

        Raises `RateLimitedError` if the slot is too far off. A call that raises it holds up all the others.
        """
        wait = await self._reserve()
        if wait:
            await self._sleep(wait.total_seconds())
            await self._must_not_be_held()
        async with self.report_refusal():
            yield

    @asynccontextmanager
    async def acquire_alone(self) -> AsyncIterator[None]:
        """Make one call inside as `acquire` does, and only one at a time in this process.

        So a call that is asked to wait also holds up those that come at the same time.
        """
        async with self._lock, self.acquire():
            yield

    @asynccontextmanager
    async def acquire_at_once(self) -> AsyncIterator[None]:
        """Make one call inside ahead of all that wait, for the rare caller that cannot wait; theirs become later.

        Raises `RateLimitedError` if the other side has asked for a wait. A call that raises it holds up all others.
        """
        await self._must_not_be_held()
        async with transaction(self._pool) as connection:
            await store.put_back(connection, self._name, by=self._every)
        async with self.report_refusal():
            yield

    @asynccontextmanager
    async def report_refusal(self) -> AsyncIterator[None]:
        """Make a call inside that needs no slot; if it is asked to wait, it holds up all that need one."""
        try:
            yield
        except RateLimitedError as exc:
            wait = exc.retry_after or UNNAMED_WAIT
            async with transaction(self._pool) as connection:
                await store.hold(connection, self._name, wait=wait)
            raise RateLimitedError(exc.detail, retry_after=wait) from exc

    async def _reserve(self) -> timedelta:
        async with transaction(self._pool) as connection:
            wait = await store.reserve(connection, self._name, every=self._every, within=self._patience)
            if wait is not None:
                return wait
            off = await store.wait_of(connection, self._name)
            is_held = await store.held(connection, self._name) > timedelta()
        if is_held:
            raise self._asked_to_wait(off)
        raise RateLimitedError(f"too many calls to {self._called} are waiting", retry_after=off)

    async def _must_not_be_held(self) -> None:
        """Raise if the other side has asked for a wait since the slot was reserved."""
        async with transaction(self._pool) as connection:
            held = await store.held(connection, self._name)
        if held:
            raise self._asked_to_wait(held)

    def _asked_to_wait(self, wait: timedelta) -> RateLimitedError:
        return RateLimitedError(f"{self._called} asked us to wait", retry_after=wait)


Acquire = Callable[[RateLimit], AbstractAsyncContextManager[None]]
"""How a call gets its slot: `RateLimit.acquire`, `acquire_alone` or `acquire_at_once`."""


class Limited:
    """A `CallGuard` whose calls wait for a rate limit first."""

    def __init__(self, guard: CallGuard, limit: RateLimit, acquire: Acquire) -> None:
        self._guard = guard
        self._limit = limit
        self._acquire = acquire

    @property
    def name(self) -> str:
        """Return the system's name in errors."""
        return self._guard.name

    @asynccontextmanager
    async def call(self) -> AsyncIterator[None]:
        """Make one call inside."""
        async with self._acquire(self._limit), self._guard.call():
            yield
