"""Records refused senders: collected in memory and written to Postgres now and then, so that refusing never waits."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog
from prometheus_client import Counter

from services.gateway.refusals.log_lines import LogLines
from services.gateway.refusals.reasons import Reason
from services.gateway.refusals.refused_senders import RefusedSender, Senders
from services.gateway.store import refusals
from shared.errors import UnavailableError
from shared.loops import every
from shared.postgres.pool import Pool

EVERY: Final = timedelta(seconds=10)
_FINISH_S: Final = 1.0

REFUSED: Final = Counter(
    "usher_webhooks_refused_total", "Webhooks refused for their sender's fault", ["source", "reason"]
)
_log = structlog.get_logger()


class RefusalRecorder:
    """One for a gateway process; several gateways add to the same rows."""

    def __init__(self, pool: Pool, *, now: Callable[[], datetime], clock: Callable[[], float] = time.monotonic) -> None:
        self._pool = pool
        self._now = now
        self._lines = LogLines(clock=clock)
        self._gathered = Senders()
        self._lock = asyncio.Lock()
        self._is_running = False

    def record(self, source: str, reason: Reason, *, address: str, detail: str) -> None:
        """Count a refusal. Never raises, never waits."""
        REFUSED.labels(source, reason).inc()
        at = self._now()
        sender = RefusedSender(
            source=source, reason=reason, address=address, detail=detail, count=1, first_at=at, last_at=at
        )
        self._lines.add(sender)
        self._gathered.add(sender)

    async def run(self) -> None:
        """Write every ten seconds until cancelled."""
        self._is_running = True
        await every(EVERY, self._round, name="refused_senders")

    async def _round(self) -> None:
        self._lines.end_periods()
        await self.write_if_possible()

    async def write_if_possible(self) -> None:
        """Write what was collected, if Postgres answers."""
        try:
            await self.write()
        except UnavailableError as exc:
            _log.debug("refusals_not_written", reason=exc.detail)

    async def finish(self) -> None:
        """Write what is left, if Postgres answers within a second."""
        if not self._is_running:
            return  # there may be no table yet
        try:
            async with asyncio.timeout(_FINISH_S):
                await self.write()
        except (UnavailableError, TimeoutError):
            _log.warning("refusals_not_kept", senders=len(self._gathered))

    async def write(self) -> None:
        """Write what was collected; where that fails or is cancelled, keep it for the next time.

        Raises `UnavailableError`.
        """
        async with self._lock:
            if not len(self._gathered):
                return
            gathered, self._gathered = self._gathered, Senders()
            try:
                await refusals.add_refused(self._pool, gathered.all(), now=self._now())
            except (UnavailableError, asyncio.CancelledError):
                for sender in gathered.all():
                    self._gathered.add(sender)
                raise
