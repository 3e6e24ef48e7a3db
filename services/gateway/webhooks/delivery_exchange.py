"""Tells other gateways which deliveries came here, and hears of theirs: a repeat may come to any of them.

This happens ten times a second while webhooks come, so that storing one never waits for it. What comes to two gateways
within such a tenth, over the edge of a span of five seconds, is two events; so is a repeat while NATS is away.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import msgspec
import structlog

from services.gateway.webhooks.recent_deliveries import RecentDeliveries, SeenDelivery
from shared import loops
from shared.bus.connection import Bus
from shared.bus.listening import Listener, broadcast
from shared.errors import UnavailableError

SUBJECT: Final = "recent.webhooks"
EVERY: Final = timedelta(milliseconds=100)
_AT_ONCE: Final = 2000
"""Deliveries of one message, which is then well below NATS's limit."""

_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(list[SeenDelivery])
_log = structlog.get_logger()


class DeliveryExchange:
    """One for a gateway process."""

    def __init__(
        self, bus: Bus, recent: RecentDeliveries, *, every: timedelta = EVERY, clock: Callable[[], float] = time.time
    ) -> None:
        self._bus = bus
        self._recent = recent
        self._every = every
        self._clock = clock

    def listener(self) -> Listener:
        """Return what listens to the other gateways on the bus."""
        return Listener((SUBJECT,), self.hear)

    def hear(self, _subject: str, payload: bytes) -> None:
        """Note what another gateway received; a message of another version is ignored."""
        try:
            heard = _decoder.decode(payload)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return
        now = self._clock()
        for taken in heard:
            self._recent.note(taken, now=now)

    async def run(self) -> None:
        """Tell the others until cancelled."""
        await loops.every(self._every, self._tell_next, name="deliveries")

    async def _tell_next(self) -> timedelta:
        await self._recent.wait_for_new()
        await asyncio.sleep(self._every.total_seconds())
        await self.once()
        return loops.AT_ONCE

    async def once(self) -> None:
        """Tell the others what has come since the last time; it may be lost while NATS is away."""
        new = self._recent.take_new()
        try:
            for first in range(0, len(new), _AT_ONCE):
                await broadcast(self._bus, SUBJECT, _encoder.encode(new[first : first + _AT_ONCE]))
        except UnavailableError as exc:
            _log.debug("deliveries_not_told", reason=exc.detail)
