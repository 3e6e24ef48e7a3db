"""Tells the other gateways which deliveries came here, and hears theirs: a repeat may come to any of them.

Ten times a second while webhooks come, so that storing one waits for nobody. What comes to two gateways within that
moment, over the edge of a span of five seconds, is two events; so it is while NATS is away.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import msgspec
import structlog

from services.gateway.webhooks.recent import Recent, Taken
from shared import loops
from shared.bus.connection import Bus
from shared.bus.listening import Listener, tell
from shared.errors import UnavailableError

SUBJECT: Final = "recent.webhooks"
EVERY: Final = timedelta(milliseconds=100)
_AT_ONCE: Final = 2000
"""Deliveries of one message, which is then well below NATS's limit."""

_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(list[Taken])
_log = structlog.get_logger()


class Exchange:
    """One for a gateway process."""

    def __init__(
        self, bus: Bus, recent: Recent, *, every: timedelta = EVERY, clock: Callable[[], float] = time.time
    ) -> None:
        self._bus = bus
        self._recent = recent
        self._every = every
        self._clock = clock

    def part(self) -> Listener:
        """Return what hears the others on the bus."""
        return Listener((SUBJECT,), self.hear)

    def hear(self, _subject: str, payload: bytes) -> None:
        """Take note of what another gateway took in; what cannot be read is of another version."""
        try:
            heard = _decoder.decode(payload)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return
        now = self._clock()
        for taken in heard:
            self._recent.note(taken, now=now)

    async def run(self) -> None:
        """Tell for ever."""
        await loops.every(self._every, self._tell_next, name="deliveries")

    async def _tell_next(self) -> timedelta:
        await self._recent.untold()
        await asyncio.sleep(self._every.total_seconds())
        await self.once()
        return loops.AT_ONCE

    async def once(self) -> None:
        """Tell what came since the last time; nobody misses it while NATS is away."""
        untold = self._recent.take_untold()
        try:
            for first in range(0, len(untold), _AT_ONCE):
                await tell(self._bus, SUBJECT, _encoder.encode(untold[first : first + _AT_ONCE]))
        except UnavailableError as exc:
            _log.debug("deliveries_not_told", reason=exc.detail)
