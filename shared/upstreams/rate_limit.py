"""The rate limit of plex.tv, and of others that answer 429 to whoever asks too often: one over all services.

All replicas of all services reserve the moments of their calls in one table, and a wait that one of them is asked for
holds up all the others.
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
"""The limit of all hosts of Plex's own: plex.tv, clients.plex.tv, discover and community."""
EVERY: Final = timedelta(milliseconds=250)
"""Between two calls. Nobody publishes a limit; ten calls a second were seen to be refused by plex.tv."""
PATIENCE: Final = timedelta(seconds=5)


class RateLimit:
    """A system's calls, at most one every `every`. Whoever would have to wait longer than `patience` does not call.

    `called` is what errors call the system, where that is not its name here.
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
        """Reserve a moment, wait for it, and make one call inside.

        Raises `RateLimitedError` where the moment is too far off. A call that raises it holds up all the others.
        """
        wait = await self._reserve()
        if wait:
            await self._sleep(wait.total_seconds())
            await self._must_not_be_held()
        async with self.report_refusal():
            yield

    @asynccontextmanager
    async def acquire_alone(self) -> AsyncIterator[None]:
        """Make one call inside as `acquire` does, while nobody else of this process makes one here.

        So a call that is asked to wait holds up those too who come at the same moment.
        """
        async with self._lock, self.acquire():
            yield

    @asynccontextmanager
    async def acquire_at_once(self) -> AsyncIterator[None]:
        """Make one call inside before all who wait, for the rare caller that cannot; the next of theirs is later.

        Raises `RateLimitedError` where the other side has asked for a wait. A call that raises it holds up all others.
        """
        await self._must_not_be_held()
        async with transaction(self._pool) as connection:
            await store.put_back(connection, self._name, by=self._every)
        async with self.report_refusal():
            yield

    @asynccontextmanager
    async def report_refusal(self) -> AsyncIterator[None]:
        """Make a call inside that needs no moment of its own; one that is asked to wait holds up all who need one."""
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
        raise RateLimitedError(f"too much is asked of {self._called} at the moment", retry_after=off)

    async def _must_not_be_held(self) -> None:
        """Raise where the other side has asked for a wait since the moment was reserved."""
        async with transaction(self._pool) as connection:
            held = await store.held(connection, self._name)
        if held:
            raise self._asked_to_wait(held)

    def _asked_to_wait(self, wait: timedelta) -> RateLimitedError:
        return RateLimitedError(f"{self._called} asked us to wait", retry_after=wait)


Acquire = Callable[[RateLimit], AbstractAsyncContextManager[None]]
"""How a call gets its moment: `RateLimit.acquire`, `acquire_alone` or `acquire_at_once`."""


class Limited:
    """A `CallGuard` whose calls all get their moments in a rate limit first."""

    def __init__(self, guard: CallGuard, limit: RateLimit, acquire: Acquire) -> None:
        self._guard = guard
        self._limit = limit
        self._acquire = acquire

    @property
    def name(self) -> str:
        """Return what errors call the system."""
        return self._guard.name

    @asynccontextmanager
    async def call(self) -> AsyncIterator[None]:
        """Make one call inside."""
        async with self._acquire(self._limit), self._guard.call():
            yield
