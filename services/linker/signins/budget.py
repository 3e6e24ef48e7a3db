"""One budget for all replicas: a system that answers 429 to whoever asks too often is asked in turns."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from services.linker.servers.store import ServerRow
from services.linker.signins.store import budgets
from shared.clients.pace import PLEX_TV_EVERY
from shared.clients.plex_tv import UNNAMED_WAIT
from shared.http.calls import RateLimitedError
from shared.postgres.pool import Pool, transaction

PATIENCE: Final = timedelta(seconds=5)


class Budget:
    """A system's calls, at most one every `every`. Whoever would have to wait longer than `patience` does not call.

    `called` is what errors call the system, where that is not its name here.
    """

    def __init__(
        self,
        pool: Pool,
        name: str,
        *,
        called: str = "",
        every: timedelta = PLEX_TV_EVERY,
        patience: timedelta = PATIENCE,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._pool = pool
        self._name = name
        self._called = called or name
        self._every = every
        self._patience = patience
        self._sleep = sleep
        self._one_calls = asyncio.Lock()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for one's turn and make one call inside.

        Raises `RateLimitedError` where the turn is too far off. A call that raises it holds up all the others.
        """
        wait = await self._reserved()
        if wait:
            await self._sleep(wait.total_seconds())
            await self._require()
        async with self.heeded():
            yield

    @asynccontextmanager
    async def turn_alone(self) -> AsyncIterator[None]:
        """Make one call inside in one's turn, while nobody else of this process makes one here.

        So a call that is asked to wait holds up those too who come at the same moment.
        """
        async with self._one_calls, self.turn():
            yield

    @asynccontextmanager
    async def turn_at_once(self) -> AsyncIterator[None]:
        """Make one call inside before all who wait, for the rare caller that cannot; the next of theirs is later.

        Raises `RateLimitedError` where the other side has asked for a wait. A call that raises it holds up all others.
        """
        await self._require()
        async with transaction(self._pool) as connection:
            await budgets.put_back(connection, self._name, by=self._every)
        async with self.heeded():
            yield

    @asynccontextmanager
    async def heeded(self) -> AsyncIterator[None]:
        """Make a call inside that needs no turn; one that is asked to wait holds up all who need one."""
        try:
            yield
        except RateLimitedError as exc:
            wait = exc.retry_after or UNNAMED_WAIT
            async with transaction(self._pool) as connection:
                await budgets.hold(connection, self._name, wait=wait)
            raise RateLimitedError(exc.detail, retry_after=wait) from exc

    async def _reserved(self) -> timedelta:
        async with transaction(self._pool) as connection:
            wait = await budgets.reserve(connection, self._name, every=self._every, within=self._patience)
            if wait is not None:
                return wait
            off = await budgets.wait_of(connection, self._name)
            is_held = await budgets.held(connection, self._name) > timedelta()
        if is_held:
            raise self._asked_to_wait(off)
        raise RateLimitedError(f"too much is asked of {self._called} at the moment", retry_after=off)

    async def _require(self) -> None:
        """Raise where the other side has asked for a wait since the turn was given."""
        async with transaction(self._pool) as connection:
            held = await budgets.held(connection, self._name)
        if held:
            raise self._asked_to_wait(held)

    def _asked_to_wait(self, wait: timedelta) -> RateLimitedError:
        return RateLimitedError(f"{self._called} asked us to wait", retry_after=wait)


class Budgets:
    """The budgets of the configured servers, by their addresses: what answers elsewhere has asked for nothing yet."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._known: dict[str, Budget] = {}

    def of(self, server: ServerRow) -> Budget:
        """Return the budget of a server; of this process's, all that call it have the same."""
        name = f"{server.type} {server.url}"
        if name not in self._known:
            self._known[name] = Budget(self._pool, name, called=server.name)
        return self._known[name]
