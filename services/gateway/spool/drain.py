"""Moves what waits in the spool to JetStream: in order, under the same ids, and removed only once acknowledged."""

import asyncio
import enum
from datetime import timedelta
from typing import Final

import structlog

from services.gateway.spool.files import Batch
from services.gateway.spool.record import send
from services.gateway.spool.spool import Spool
from services.gateway.spool.store import SpooledRecord
from shared.bus.publishing import Publisher, Stored
from shared.errors import PermanentError, TransientError, UnavailableError

IN_FLIGHT: Final = 200
PATIENCE: Final = timedelta(seconds=2)
_FIRST_PAUSE: Final = timedelta(milliseconds=50)
_LONGEST_PAUSE: Final = timedelta(seconds=1)

_log = structlog.get_logger()


class Step(enum.Enum):
    """What became of the oldest records."""

    EMPTY = "there were none"
    MOVED = "all are stored"
    STUCK = "some are not stored"


class _BatchResult:
    """The records of a batch by result; what is neither stored nor refused stays in the spool."""

    def __init__(self) -> None:
        self.stored: list[SpooledRecord] = []
        self.refused: list[tuple[SpooledRecord, str]] = []

    @property
    def settled(self) -> int:
        return len(self.stored) + len(self.refused)

    def add(self, kept: SpooledRecord, future: asyncio.Future[Stored]) -> None:
        if future.cancelled():
            return
        match future.exception():
            case None:
                self.stored.append(kept)
            case PermanentError(detail=reason):
                self.refused.append((kept, reason))
            case _:
                pass  # JetStream is away: it stays


class Drain:
    """One for a spool. `patience` is how long JetStream may take to acknowledge a batch."""

    def __init__(self, spool: Spool, publisher: Publisher, *, patience: timedelta = PATIENCE) -> None:
        self._spool = spool
        self._publisher = publisher
        self._patience = patience.total_seconds()

    async def run(self) -> None:
        """Drain until cancelled: sleep while there is nothing, and after a failure try one record until it goes."""
        limit, pause = IN_FLIGHT, _FIRST_PAUSE
        while True:
            match await self.step(limit):
                case Step.EMPTY:
                    await self._spool.wait_for_records()
                case Step.MOVED:
                    if limit < IN_FLIGHT:
                        _log.info("spool_moves_again", records=self._spool.state().records)
                    limit, pause = IN_FLIGHT, _FIRST_PAUSE
                case Step.STUCK:
                    if limit == IN_FLIGHT:
                        _log.warning("spool_stuck", records=self._spool.state().records)
                    await asyncio.sleep(pause.total_seconds())
                    limit, pause = 1, min(pause * 2, _LONGEST_PAUSE)

    async def step(self, limit: int = IN_FLIGHT) -> Step:
        """Try the oldest records once."""
        try:
            batch = await self._spool.oldest(limit)
            return await self._deliver(batch) if batch.kept else Step.EMPTY
        except UnavailableError as exc:
            _log.warning("spool_unusable", reason=exc.detail)
            return Step.STUCK

    async def _deliver(self, batch: Batch) -> Step:
        result = _BatchResult()
        sent = await self._send(batch.kept, result)
        if sent:
            await self._wait_for_acks(sent, result)
        for kept, reason in result.refused:
            _log.error("spooled_record_refused", message_id=kept.record.message_id, reason=reason)
        await self._spool.settle(batch, result.stored, result.refused)
        return Step.MOVED if result.settled == len(batch.kept) else Step.STUCK

    async def _send(
        self, waiting: list[SpooledRecord], result: _BatchResult
    ) -> dict[asyncio.Future[Stored], SpooledRecord]:
        sent: dict[asyncio.Future[Stored], SpooledRecord] = {}
        for kept in waiting:
            try:
                sent[await send(self._publisher, kept.record)] = kept
            except TransientError:
                break  # later records would overtake it
            except PermanentError as exc:
                result.refused.append((kept, exc.detail))
        return sent

    async def _wait_for_acks(self, sent: dict[asyncio.Future[Stored], SpooledRecord], result: _BatchResult) -> None:
        try:
            await asyncio.wait(sent, timeout=self._patience)
        finally:
            for future in sent:
                future.cancel()
        for future, kept in sent.items():
            result.add(kept, future)
