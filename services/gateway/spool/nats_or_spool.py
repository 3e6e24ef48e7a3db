"""Decides whether a message goes to NATS or into the spool, where NATS is slow, frozen or away.

It bounds how long a sender waits: after a moment without JetStream's acknowledgement the spool takes a copy under the
same id, and JetStream drops whichever copy comes second.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final, Protocol

import structlog

from services.gateway.spool.record import Record, SpoolFullError, send
from shared.bus.publishing import Publisher, Stored
from shared.errors import UnavailableError

PATIENCE: Final = timedelta(milliseconds=100)
LAST_RESORT: Final = timedelta(seconds=2)
_BREAK: Final = timedelta(seconds=1)

_log = structlog.get_logger()


class Fallback(Protocol):
    """The spool, as far as storing goes."""

    def holds(self, source: str) -> bool:
        """Tell whether records of this source wait, so that a new one must go behind them."""
        ...

    async def append(self, record: Record) -> None:
        """Return once the record is on the disk; raises `SpoolFullError`."""
        ...


class NoSpool:
    """The spool, switched off."""

    def holds(self, source: str) -> bool:  # noqa: ARG002
        """Tell that nothing waits."""
        return False

    async def append(self, record: Record) -> None:  # noqa: ARG002
        """Take nothing."""
        raise SpoolFullError("JetStream is away and the spool is switched off")


class NatsOrSpool:
    """`store` returns once a message is on JetStream or in the spool, and raises only where neither takes it."""

    def __init__(
        self,
        publisher: Publisher,
        spool: Fallback,
        *,
        patience: timedelta = PATIENCE,
        last_resort: timedelta = LAST_RESORT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._publisher = publisher
        self._spool = spool
        self._patience = patience.total_seconds()
        self._last_resort = last_resort.total_seconds()
        self._clock = clock
        self._broken_until = 0.0

    async def store(self, record: Record) -> bool:
        """Return once it is stored: True where JetStream had it before; raises `UnavailableError`, `TooLargeError`."""
        future = None if self._must_spool(record.source) else await self._send(record)
        stored = await self._wait_for_ack(future, self._patience)
        if stored is None:
            return await self._spool_record(record, future)
        return stored.duplicate

    def _must_spool(self, source: str) -> bool:
        return self._spool.holds(source) or self._clock() < self._broken_until

    async def _send(self, record: Record) -> asyncio.Future[Stored] | None:
        try:
            return await send(self._publisher, record)
        except UnavailableError:
            self._break()
            return None

    def _break(self) -> None:
        self._broken_until = self._clock() + _BREAK.total_seconds()

    async def _wait_for_ack(self, future: asyncio.Future[Stored] | None, seconds: float) -> Stored | None:
        if future is None:
            return None
        if not future.done():
            await _wait_until_done(future, seconds)
        if not future.done() or future.cancelled():
            return None
        try:
            return future.result()
        except UnavailableError:
            self._break()
            return None

    async def _spool_record(self, record: Record, future: asyncio.Future[Stored] | None) -> bool:
        try:
            await self._spool.append(record)
        except SpoolFullError as full:
            _log.warning("spool_refused", source=record.source, reason=full.detail)
            stored = await self._wait_for_ack(future or await self._send(record), self._last_resort)
            if stored is None:
                raise
            return stored.duplicate
        if future is not None:
            future.add_done_callback(_ignore_result)
        return False


async def _wait_until_done(future: asyncio.Future[Stored], seconds: float) -> None:
    """Wait like `asyncio.wait`, which would take a tenth of a webhook's time."""
    loop = asyncio.get_running_loop()
    waiter = loop.create_future()

    def wake(_: object = None) -> None:
        if not waiter.done():
            waiter.set_result(None)

    timer = loop.call_later(seconds, wake)
    future.add_done_callback(wake)
    try:
        await waiter
    finally:
        timer.cancel()
        future.remove_done_callback(wake)


def _ignore_result(future: asyncio.Future[Stored]) -> None:
    """Retrieve the result of a publish that nobody waits for any more: the spool has a copy."""
    if not future.cancelled():
        future.exception()
