"""Checks servers: new ones before they are stored, configured ones on request and every few minutes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final

from services.linker.servers import probe_results, store
from services.linker.servers.probe import Prober, Target
from services.linker.servers.probe_results import ProbeResult
from services.linker.servers.registry import CHECK_EVERY, Registry
from services.linker.servers.store import ServerRow
from shared.error_boundary import ErrorBoundary
from shared.errors import TransientError, UnavailableError
from shared.loops import every
from shared.postgres.pool import Pool, snapshot, transaction
from shared.schemas.secret import Secret

AT_ONCE: Final = 6
"""Tests that people wait for: more would delay the answers to other questions."""
_CHECKS_AT_ONCE: Final = 4
_MOST_DUE: Final = 50
_PAUSE: Final = timedelta(seconds=10)
_BETWEEN_S: Final = 0.5
"""A check of a Plex server calls plex.tv ahead of the queue: this leaves half of its rate limit to the others."""


class ServerChecker:
    """Probes servers and stores their status."""

    def __init__(self, prober: Prober, registry: Registry, pool: Pool, *, now: Callable[[], datetime]) -> None:
        self._prober = prober
        self._registry = registry
        self._pool = pool
        self._now = now
        self._test_slots = asyncio.Semaphore(AT_ONCE)
        self._check_slots = asyncio.Semaphore(_CHECKS_AT_ONCE)

    async def test(self, target: Target) -> ProbeResult:
        """Probe a server for somebody who waits; raise `TransientError` where too many do."""
        async with self._test_slot():
            return await self._prober.probe(target)

    async def check_on_request(self, server: ServerRow) -> ProbeResult:
        """Check a configured server for somebody who waits; raise `TransientError` where too many do."""
        async with self._test_slot():
            return await self.check(server)

    async def check(self, server: ServerRow) -> ProbeResult:
        """Check a configured server and store its status.

        It is read again with its token, because it may have changed since it was due: a token goes to its own address
        only.
        """
        async with snapshot(self._pool) as connection:
            server = await store.find_server(connection, server.name) or server
            token = await self._registry.token_of(connection, server)
        result = probe_results.missing_token(server.type) if token is None else await self._probe(server, token)
        await self._registry.note_status(server, result.status())
        return result

    async def check_all_due(self) -> int:
        """Check the servers that are due, and return how many there were."""
        now = self._now()
        async with transaction(self._pool) as connection:
            due = await store.take_due(connection, now=now, again_at=now + CHECK_EVERY, at_most=_MOST_DUE)
        async with asyncio.TaskGroup() as tasks:
            for number, server in enumerate(due):
                if number:
                    await asyncio.sleep(_BETWEEN_S)
                tasks.create_task(self._check_quietly(server))
        return len(due)

    async def run(self) -> None:
        """Check every server every few minutes, each on one replica, until cancelled."""
        await every(_PAUSE, self._round, name="servers")

    async def _round(self) -> None:
        try:
            await self.check_all_due()
        except* UnavailableError as group:
            raise UnavailableError(str(group.exceptions[0])) from group

    async def _check_quietly(self, server: ServerRow) -> None:
        async with self._check_slots:
            with ErrorBoundary("server_not_looked_at", server=server.name, only_bugs=True):
                await self.check(server)

    async def _probe(self, server: ServerRow, token: Secret) -> ProbeResult:
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
    async def _test_slot(self) -> AsyncIterator[None]:
        if self._test_slots.locked():
            raise TransientError("too many servers are being tested right now: try again in a moment")
        async with self._test_slots:
            yield
