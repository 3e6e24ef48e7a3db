"""Creates streams again that were deleted while we run, as soon as any part notices that one is missing."""

import asyncio
from collections.abc import Callable
from typing import Final

import nats.errors
import structlog

from shared.bus import streams
from shared.bus.client import Client
from shared.errors import UnavailableError

_PAUSE_S: Final = 2.0
"""Between two checks: while JetStream starts or has no leader, streams look as if they were missing."""

log = structlog.get_logger()


class Reconciler:
    """Checks all streams on request, at most once every few seconds."""

    def __init__(self, client: Callable[[], Client], *, replicas: int) -> None:
        self._client = client
        self._replicas = replicas
        self._is_needed = asyncio.Event()

    def request(self) -> None:
        """Have all streams checked soon."""
        self._is_needed.set()

    async def run(self) -> None:
        """Check on request until cancelled."""
        while True:
            await self._is_needed.wait()
            self._is_needed.clear()
            try:
                await streams.reconcile_streams(self._client(), replicas=self._replicas)
            except (nats.errors.Error, OSError, TimeoutError, UnavailableError) as exc:
                log.warning("streams_not_reconciled", error=type(exc).__name__, reason=str(exc))
            await asyncio.sleep(_PAUSE_S)
