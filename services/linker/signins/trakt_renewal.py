"""Renews Trakt's tokens at half their life, each account by exactly one replica.

A replica claims an account for a while before it calls Trakt. If Postgres fails after Trakt has answered, the claim
keeps other replicas away while storing the new tokens is tried again and again. If the process is killed or the answer
is lost in that moment, one account's link is lost, and its person has to link again.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from services.linker.signins import daily_token_check, due_times
from services.linker.signins.flows.trakt_application import NoApplicationError, TraktApplication
from services.linker.signins.store import renewals
from services.linker.signins.store.renewals import Claim
from services.linker.signins.trakt_exchange import TraktExchange
from shared.bus.work import Worker
from shared.clients.trakt import RefreshRefusedError, Trakt
from shared.errors import PermanentError, TransientError, UnavailableError
from shared.http.calls import RefusedError
from shared.loops import AT_ONCE, every
from shared.postgres.pool import Pool, transaction
from shared.vault import Vault

CLAIM: Final = timedelta(minutes=5)
IDLE: Final = timedelta(seconds=15)
"""How often each replica looks for an account that is due."""
FINISH_WITHIN: Final = timedelta(seconds=6)
_AGAIN: Final = timedelta(seconds=0.5)
_MARGIN: Final = timedelta(seconds=30)
"""How long before its end a claim is no longer used to store the new tokens."""
_LONGEST: Final = timedelta(minutes=5)
_REFUSED: Final = timedelta(minutes=10)
"""The pause after Trakt refuses Usher itself, or gives an answer that Usher does not understand and may cost tokens."""

log = structlog.get_logger()


class TraktRenewal:
    """Runs in each replica. Call `finish` before cancelling it, so that a renewal is not cut short."""

    def __init__(
        self, *, worker: Worker, pool: Pool, vault: Vault, application: TraktApplication, now: Callable[[], datetime]
    ) -> None:
        self._worker = worker
        self._pool = pool
        self._vault = vault
        self._application = application
        self._now = now
        self._is_stopping = False
        self._is_idle = asyncio.Event()
        self._is_idle.set()

    async def run(self) -> None:
        """Renew what is due, one after the other, until cancelled; begin nothing more after `finish`."""
        await every(IDLE, self._renew_next, name="renewal")

    async def _renew_next(self) -> timedelta | None:
        if self._is_stopping:
            return None
        self._is_idle.clear()
        try:
            return await self.renew_next()
        finally:
            self._is_idle.set()

    async def finish(self, *, within: timedelta = FINISH_WITHIN) -> None:
        """Begin no other renewal, and wait for the current one."""
        self._is_stopping = True
        try:
            async with asyncio.timeout(within.total_seconds()):
                await self._is_idle.wait()
        except TimeoutError:
            log.warning("renewal_cut_short")

    async def renew_next(self) -> timedelta:
        """Renew the account that is overdue longest, and return how long to pause; raises `UnavailableError`.

        After any other failure the account is due again later.
        """
        try:
            trakt = await self._application.client()
        except NoApplicationError:
            return IDLE
        except PermanentError as exc:
            log.error("renewal_impossible", reason=exc.detail)  # noqa: TRY400 (a key is missing, the trace does not help)
            return _REFUSED
        async with transaction(self._pool) as connection:
            now = self._now()
            claim = await renewals.claim_due(connection, "trakt", now=now, until=now + CLAIM)
        return IDLE if claim is None else await self._renew(trakt, claim)

    async def _renew(self, trakt: Trakt, claim: Claim) -> timedelta:
        exchange = TraktExchange(trakt, self._vault, claim, now=self._now)
        try:
            async with transaction(self._pool) as connection:
                await exchange.run(connection)
        except UnavailableError as exc:
            log.warning("renewed_tokens_wait", reason=exc.detail, has_tokens=exchange.tokens is not None)
            await self._retry_store(exchange)
        except RefreshRefusedError as exc:
            await self._mark_dead(claim, exc.detail)
        except (TransientError, PermanentError) as exc:
            return await self._postpone(claim, exc)
        return AT_ONCE

    async def _retry_store(self, exchange: TraktExchange) -> None:
        """Try to store the new tokens until the claim ends: Trakt issues them only once."""
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

    async def _mark_dead(self, claim: Claim, reason: str) -> None:
        async with self._worker.on_request() as work:
            if await renewals.lock_claim(work.connection, claim):
                await daily_token_check.mark_dead(work, claim.linked, reason=reason, at=self._now())

    async def _postpone(self, claim: Claim, error: TransientError | PermanentError) -> timedelta:
        asked = error.retry_after if isinstance(error, TransientError) else None
        wait = due_times.wait_after(claim.tries, asked=asked)
        async with transaction(self._pool) as connection:
            await renewals.postpone(connection, claim, renew_at=self._now() + wait)
        log.warning("renewal_put_off", provider="trakt", account=claim.linked.account_id, reason=error.detail)
        return _pause_after(error)


def _pause_after(error: TransientError | PermanentError) -> timedelta:
    """Return how long to pause; an error of one account alone needs no pause."""
    match error:
        case TransientError(retry_after=asked):
            return min(max(asked or IDLE, IDLE), _LONGEST)
        case RefusedError():
            return _REFUSED
        case _:
            return AT_ONCE
