"""Whether the gateway can do its work: take webhooks durably (`/ready`), and answer questions (once prepared)."""

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from services.gateway.spool.recent_results import MOMENT, RecentResults
from services.gateway.spool.spool import Spool
from services.gateway.webhook_secrets.cache import SecretCache
from shared.bus import storage
from shared.bus.connection import Bus
from shared.errors import UnavailableError

_LEAST_FREE: Final = 16 * 1024 * 1024
"""Bytes on the spool's disk."""
_LEAST_LEFT: Final = 4096
"""Bytes of a stream's limit: a small webhook."""


class Preparation:
    """Whether the tables are up to date. Everything but webhooks waits for that."""

    def __init__(self) -> None:
        self._done = asyncio.Event()

    def finish(self) -> None:
        """Note that everything is prepared."""
        self._done.set()

    def require(self) -> None:
        """Raise `UnavailableError` until then."""
        if not self._done.is_set():
            raise UnavailableError("Usher is starting: it waits for Postgres")


class RememberedCheck:
    """Runs a check, and remembers its result for a moment."""

    def __init__(self, attempt: Callable[[], Awaitable[str | None]], *, clock: Callable[[], float]) -> None:
        self._attempt = attempt
        self._clock = clock
        self._lock = asyncio.Lock()
        self._tried_at: float | None = None
        self._problem: str | None = None

    async def problem(self) -> str | None:
        """Return what is wrong; None where it works."""
        async with self._lock:
            now = self._clock()
            if self._tried_at is None or now - self._tried_at >= MOMENT.total_seconds():
                self._problem = await self._attempt()
                self._tried_at = self._clock()
            return self._problem


class Readiness:
    """Can a webhook be stored, in the spool or on JetStream? Recent webhooks tell, else it is tried."""

    def __init__(
        self,
        bus: Bus,
        spool: Spool | None,
        folder: Path,
        secret_cache: SecretCache,
        results: RecentResults,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._secret_cache = secret_cache
        self._bus = bus
        self._spool = spool
        self._folder = folder
        self._results = results
        self._of_spool = RememberedCheck(self._try_spool, clock=clock)
        self._of_nats = RememberedCheck(self._try_nats, clock=clock)

    async def problem(self) -> str | None:
        """Return why webhooks cannot be stored now; None while they can."""
        if not self._secret_cache.is_known:
            return "no webhook secret is known yet: Usher waits for Postgres"
        if (refusal := self._results.refusal) is not None or self._results.has_stored:
            return refusal
        spool = await self.spool_problem()
        nats = await self.nats_problem() if spool is not None else None
        return None if spool is None or nats is None else f"{spool}; {nats}"

    @property
    def refusal(self) -> str | None:
        """Why a webhook was refused a moment ago."""
        return self._results.refusal

    async def spool_problem(self) -> str | None:
        """Return why the spool would take no record; None where it would."""
        return await self._of_spool.problem()

    async def nats_problem(self) -> str | None:
        """Return why JetStream would store nothing; None where it would."""
        return await self._of_nats.problem()

    def free(self) -> int | None:
        """Return the bytes that are free for the spool; None if unknown."""
        try:
            return shutil.disk_usage(self._folder if self._folder.exists() else self._folder.parent).free
        except OSError:
            return None

    async def _try_spool(self) -> str | None:
        if self._spool is None:
            return "the spool is switched off"
        free = self.free()
        if free is None:
            return "the spool's folder cannot be used"
        if free < _LEAST_FREE:
            return f"the disk is full: {free / 1024**2:.0f} MiB are free for the spool"
        try:
            await self._spool.check_writable()
        except UnavailableError as exc:
            return exc.detail
        return None

    async def _try_nats(self) -> str | None:
        try:
            client = self._bus.client
            state = await storage.look_at(client, "WEBHOOKS")
        except UnavailableError as exc:
            return exc.detail
        if state.failure is not None:
            return f"NATS stores no webhook: {state.failure}"
        if state.limit and state.limit - state.bytes < _LEAST_LEFT:
            return "NATS stores no webhook: the stream WEBHOOKS is full"
        return None if await storage.is_written(client) else "NATS acknowledges nothing: its disk may be full"
