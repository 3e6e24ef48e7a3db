"""Renews Trakt's tokens at half their life, each account by exactly one replica.

A replica claims an account for a while before it does anything. Where Postgres goes away after Trakt has answered, the
claim keeps all others off while the new tokens are offered to it again and again. What can still be lost, by a process
that is killed or an answer that never arrives in that moment, is one account's link; its person links again.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from services.linker.signins import health, lifetimes
from services.linker.signins.exchange import Exchange
from services.linker.signins.flows.applications import Applications, NoApplicationError
from services.linker.signins.store import renewals
from services.linker.signins.store.renewals import Claim
from shared.bus.work import Worker
from shared.clients.trakt import RefreshRefusedError, Trakt
from shared.errors import PermanentError, TransientError, UnavailableError
from shared.http.calls import RefusedError
from shared.loops import AT_ONCE, every
from shared.postgres.pool import Pool, transaction
from shared.vault import Vault

CLAIM: Final = timedelta(minutes=5)
IDLE: Final = timedelta(seconds=15)
"""How often each replica looks whether something is due."""
FINISH_WITHIN: Final = timedelta(seconds=6)
_AGAIN: Final = timedelta(seconds=0.5)
_MARGIN: Final = timedelta(seconds=30)
"""The new tokens are no longer offered so long before a claim runs out."""
_LONGEST: Final = timedelta(minutes=5)
_REFUSED: Final = timedelta(minutes=10)
"""How long Trakt is left alone where it refuses Usher itself, or answers what is not understood and may cost tokens."""

log = structlog.get_logger()


class Renewal:
    """Runs in each replica. `finish` before it is cancelled: a renewal in the middle is worth waiting for."""

    def __init__(
        self, *, worker: Worker, pool: Pool, vault: Vault, applications: Applications, now: Callable[[], datetime]
    ) -> None:
        self._worker = worker
        self._pool = pool
        self._vault = vault
        self._applications = applications
        self._now = now
        self._is_stopping = False
        self._is_idle = asyncio.Event()
        self._is_idle.set()

    async def run(self) -> None:
        """Renew what is due, one after the other, until cancelled; begin nothing more after `finish`."""
        await every(IDLE, self._round, name="renewal")

    async def _round(self) -> timedelta | None:
        if self._is_stopping:
            return None
        self._is_idle.clear()
        try:
            return await self.once()
        finally:
            self._is_idle.set()

    async def finish(self, *, within: timedelta = FINISH_WITHIN) -> None:
        """Begin no other renewal, and wait for the present one."""
        self._is_stopping = True
        try:
            async with asyncio.timeout(within.total_seconds()):
                await self._is_idle.wait()
        except TimeoutError:
            log.warning("renewal_cut_short")

    async def once(self) -> timedelta:
        """Renew the account that is due longest, and return how long to leave Trakt alone; raises `UnavailableError`.

        Anything else that goes wrong is noted with the account, which then is due again later.
        """
        try:
            trakt = await self._applications.trakt()
        except NoApplicationError:
            return IDLE
        except PermanentError as exc:
            log.error("renewal_impossible", reason=exc.detail)  # noqa: TRY400 (a key is missing, the trace says nothing)
            return _REFUSED
        async with transaction(self._pool) as connection:
            now = self._now()
            claim = await renewals.claim_due(connection, "trakt", now=now, until=now + CLAIM)
        return IDLE if claim is None else await self._renew(trakt, claim)

    async def _renew(self, trakt: Trakt, claim: Claim) -> timedelta:
        exchange = Exchange(trakt, self._vault, claim, now=self._now)
        try:
            async with transaction(self._pool) as connection:
                await exchange.run(connection)
        except UnavailableError as exc:
            log.warning("renewed_tokens_wait", reason=exc.detail, has_tokens=exchange.tokens is not None)
            await self._insist(exchange)
        except RefreshRefusedError as exc:
            await self._bury(claim, exc.detail)
        except (TransientError, PermanentError) as exc:
            return await self._put_off(claim, exc)
        return AT_ONCE

    async def _insist(self, exchange: Exchange) -> None:
        """Offer tokens to Postgres until it takes them: Trakt gave them once, and the claim keeps others off."""
        while exchange.tokens is not None and self._now() < exchange.claim.until - _MARGIN:
            try:
                async with transaction(self._pool) as connection:
                    await exchange.store(connection)
            except UnavailableError:
                await asyncio.sleep(_AGAIN.total_seconds())
            else:
                return
        if exchange.tokens is not None:
            log.error("renewed_tokens_lost", provider="trakt", account=exchange.claim.linked.account_id)

    async def _bury(self, claim: Claim, reason: str) -> None:
        async with self._worker.on_request() as work:
            if await renewals.hold_claim(work.connection, claim):
                await health.bury(work, claim.linked, reason=reason, at=self._now())

    async def _put_off(self, claim: Claim, error: TransientError | PermanentError) -> timedelta:
        asked = error.retry_after if isinstance(error, TransientError) else None
        wait = lifetimes.wait_after(claim.tries, asked=asked)
        async with transaction(self._pool) as connection:
            await renewals.put_off(connection, claim, renew_at=self._now() + wait)
        log.warning("renewal_put_off", provider="trakt", account=claim.linked.account_id, reason=error.detail)
        return _pause_after(error)


def _pause_after(error: TransientError | PermanentError) -> timedelta:
    """Return how long to leave Trakt alone; what is wrong with one account only is no reason to."""
    match error:
        case TransientError(retry_after=asked):
            return min(max(asked or IDLE, IDLE), _LONGEST)
        case RefusedError():
            return _REFUSED
        case _:
            return AT_ONCE
