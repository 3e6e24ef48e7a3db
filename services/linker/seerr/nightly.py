"""Begins each night's look at Seerr, once however many replicas there are: the first to write the date down does it."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from services.linker.seerr.jobs import Survey, Sweep
from shared.bus.judge import AlreadyDoneError
from shared.bus.work import Worker
from shared.errors import UnavailableError
from shared.mishaps import Contained

BEGINS: Final = timedelta(hours=3)
"""After midnight, UTC."""
LOOKS_EVERY: Final = timedelta(minutes=5)

log = structlog.get_logger()


class Nightly:
    """A night's look is due from its hour on: who was stopped then begins it when he is started."""

    def __init__(self, worker: Worker, *, now: Callable[[], datetime]) -> None:
        self._worker = worker
        self._now = now

    async def run(self) -> None:
        """Run until cancelled."""
        while True:
            with Contained("nightly_failed"):
                await self._begin()
            await asyncio.sleep(LOOKS_EVERY.total_seconds())

    async def _begin(self) -> None:
        try:
            await self.begin()
        except UnavailableError as exc:
            log.warning("nightly_waits", reason=exc.detail)

    async def begin(self) -> bool:
        """Begin tonight's look, unless somebody did."""
        now = self._now()
        night = (now - BEGINS).date().isoformat()
        try:
            async with self._worker.once(consumer="linker-seerr-nightly", message_id=night) as work:
                work.give(Sweep(), cause=night)
                work.give(Survey(began_at=now), cause=night)
        except AlreadyDoneError:
            return False
        return True
