"""Makes streams again that somebody deleted while we run, as soon as anybody notices that one is missing."""

import asyncio
from collections.abc import Callable
from typing import Final

import nats.errors
import structlog

from shared.bus import streams
from shared.bus.client import Client
from shared.errors import UnavailableError

_PAUSE_S: Final = 2.0
"""Between two looks at the streams: JetStream that starts or has no leader looks like a stream that is missing."""

log = structlog.get_logger()


class Reconciler:
    """Looks at all streams when told to, now and not again for a while."""

    def __init__(self, client: Callable[[], Client], *, replicas: int) -> None:
        self._client = client
        self._replicas = replicas
        self._is_needed = asyncio.Event()

    def hear(self) -> None:
        """Take note that a stream was not there."""
        self._is_needed.set()

    async def run(self) -> None:
        """Mend until cancelled."""
        while True:
            await self._is_needed.wait()
            self._is_needed.clear()
            try:
                await streams.reconcile_streams(self._client(), replicas=self._replicas)
            except (nats.errors.Error, OSError, TimeoutError, UnavailableError) as exc:
                log.warning("streams_not_reconciled", error=type(exc).__name__, reason=str(exc))
            await asyncio.sleep(_PAUSE_S)
