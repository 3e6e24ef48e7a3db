"""Looks at servers: those that are to be, those that are there, and every few minutes at all of them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final

from services.linker.servers import findings, store
from services.linker.servers.findings import Probe
from services.linker.servers.probe import Prober, Target
from services.linker.servers.registry import CHECK_EVERY, Registry
from services.linker.servers.store import ServerRow
from shared.errors import TransientError, UnavailableError
from shared.loops import every
from shared.mishaps import Contained
from shared.postgres.pool import Pool, snapshot, transaction
from shared.schemas.secret import Secret

AT_ONCE: Final = 6
"""Tests that people wait for: more would keep other questions from being answered."""
_LOOKS_AT_ONCE: Final = 4
_MOST_DUE: Final = 50
_PAUSE: Final = timedelta(seconds=10)
_BETWEEN_S: Final = 0.5
"""A look at a Plex server asks plex.tv, before those whose turn it is: they are left half of its budget."""


class Inspector:
    """Asks servers, and notes what they say."""

    def __init__(self, prober: Prober, registry: Registry, pool: Pool, *, now: Callable[[], datetime]) -> None:
        self._prober = prober
        self._registry = registry
        self._pool = pool
        self._now = now
        self._asked_for = asyncio.Semaphore(AT_ONCE)
        self._looking = asyncio.Semaphore(_LOOKS_AT_ONCE)

    async def test(self, target: Target) -> Probe:
        """Return what a server says that somebody waits for; raise `TransientError` where too many do."""
        async with self._in_turn():
            return await self._prober.probe(target)

    async def look_for_somebody(self, server: ServerRow) -> Probe:
        """Look at a server that is there, for somebody who waits; raise `TransientError` where too many do."""
        async with self._in_turn():
            return await self.look(server)

    async def look(self, server: ServerRow) -> Probe:
        """Look at a server that is there, and note what was found.

        It is read anew with its token, for it may have changed since it was its turn: no token goes to another address
        than its own.
        """
        async with snapshot(self._pool) as connection:
            server = await store.find_server(connection, server.name) or server
            token = await self._registry.token_of(connection, server)
        probe = findings.without_token(server.type) if token is None else await self._probe(server, token)
        await self._registry.note(server, probe.seen())
        return probe

    async def look_at_all_due(self) -> int:
        """Look at the servers whose time has come, and return how many there were."""
        now = self._now()
        async with transaction(self._pool) as connection:
            due = await store.take_due(connection, now=now, again_at=now + CHECK_EVERY, at_most=_MOST_DUE)
        async with asyncio.TaskGroup() as tasks:
            for number, server in enumerate(due):
                if number:
                    await asyncio.sleep(_BETWEEN_S)
                tasks.create_task(self._look_in_turn(server))
        return len(due)

    async def run(self) -> None:
        """Look at all servers every few minutes, each on one replica, until cancelled."""
        await every(_PAUSE, self._round, name="servers")

    async def _round(self) -> None:
        try:
            await self.look_at_all_due()
        except* UnavailableError as group:
            raise UnavailableError(str(group.exceptions[0])) from group

    async def _look_in_turn(self, server: ServerRow) -> None:
        async with self._looking:
            with Contained("server_not_looked_at", server=server.name, only_bugs=True):
                await self.look(server)

    async def _probe(self, server: ServerRow, token: Secret) -> Probe:
        return await self._prober.probe(
            Target(
                address=server.address,
                kind=server.type,
                credential=token,
                machine_id=server.machine_id,
                import_problem=server.import_problem,
            )
        )

    @asynccontextmanager
    async def _in_turn(self) -> AsyncIterator[None]:
        if self._asked_for.locked():
            raise TransientError("too many servers are being tested right now: try again in a moment")
        async with self._asked_for:
            yield
