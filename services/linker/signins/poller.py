"""Polls open sign-ins: each replica takes those that are due, and no two replicas take the same one.

The time of the next poll is stored before the other system is called, and no call happens inside a transaction. When a
replica dies, its sign-ins go to the others as soon as their lease ends. Nothing is lost, because polling again gives
the same answer.

Where more are due than the limits allow, those that somebody waits for right now go first.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog

from services.linker.signins import domain
from services.linker.signins.admission import Admission
from services.linker.signins.domain import (
    LEASE,
    POLL_TIMEOUT,
    Authorization,
    Ended,
    Flow,
    Outcome,
    Pending,
    PollRequest,
    Refused,
    SignInRow,
)
from services.linker.signins.end_sign_in import SignInEnder
from services.linker.signins.intervals import INTERVALS, Intervals
from services.linker.signins.link_account import AccountLinker
from services.linker.signins.store import sign_ins
from services.linker.signins.unlink_account import AccountUnlinker
from shared import loops
from shared.bus.work import Worker
from shared.error_boundary import ErrorBoundary
from shared.errors import ConflictError, NotFoundError, PermanentError, TransientError, UnavailableError, UsherError
from shared.keyring import TamperedError
from shared.leniency import text
from shared.owners import sign_in_secret
from shared.postgres.pool import Pool, transaction
from shared.schemas.media import Provider
from shared.vault import Vault

AT_ONCE: Final = 4
"""Polls that a replica makes side by side: a slow one delays no others."""
WANTED_FIRST: Final = 3
"""How many of them prefer sign-ins that somebody waits for; the others poll in order, so that none starves."""
BROKEN: Final = "Something went wrong in Usher itself, which its log describes. Begin again"
_WAIT_S: Final = 0.1
_STORED_FOR: Final = timedelta(days=30)
_FORGETS_EVERY: Final = timedelta(hours=1)

log = structlog.get_logger()


class Poller:
    """A replica's share of the polling."""

    def __init__(
        self,
        *,
        worker: Worker,
        pool: Pool,
        vault: Vault,
        flows: Mapping[Provider, Flow],
        linker: AccountLinker,
        ender: SignInEnder,
        unlinker: AccountUnlinker,
        admission: Admission,
        now: Callable[[], datetime],
        lease: timedelta = LEASE,
        intervals: Intervals = INTERVALS,
    ) -> None:
        self._worker = worker
        self._pool = pool
        self._vault = vault
        self._flows = flows
        self._linker = linker
        self._ender = ender
        self._unlinker = unlinker
        self._admission = admission
        self._now = now
        self._lease = lease
        self._intervals = intervals
        self._pause = intervals.looks
        self._taking = asyncio.Lock()

    async def run(self) -> None:
        """Poll until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(loops.every(_FORGETS_EVERY, self._forget, name="old_sign_ins"))
            for number in range(AT_ONCE):
                step = partial(self._poll_next, is_wanted_first=number < WANTED_FIRST)
                tasks.create_task(loops.every(self._pause, step, name="sign_ins"))

    async def check(self, sign_in_id: str, *, every: timedelta | None = None, limit: timedelta | None = None) -> None:
        """Poll one now, unless it was polled a moment ago; wait a little where somebody else is polling it."""
        every = self._intervals.checks if every is None else every
        limit = self._intervals.check_within if limit is None else limit
        async with transaction(self._pool) as connection:
            await sign_ins.note_wanted(connection, sign_in_id, now=self._now())
            row = await sign_ins.take(connection, sign_in_id, now=self._now(), lease=self._lease, every=every)
        if row is not None:
            await self._poll(row, limit=limit)
            return
        for _ in range(int(limit.total_seconds() / _WAIT_S)):
            async with transaction(self._pool) as connection:
                if not await sign_ins.is_taken(connection, sign_in_id, now=self._now()):
                    return
            await asyncio.sleep(_WAIT_S)

    async def _poll_next(self, *, is_wanted_first: bool) -> timedelta:
        """Poll one that is due; end it after a bug in Usher, which would come back at each poll."""
        row = await self._take_next(is_wanted_first=is_wanted_first)
        poll = ErrorBoundary("sign_in_failed", sign_in=row.id, provider=row.provider, only_bugs=True)
        with poll:
            await self._poll(row, limit=POLL_TIMEOUT)
        if not poll.succeeded:
            await self._refuse(row, BROKEN)
        return loops.AT_ONCE

    async def _take_next(self, *, is_wanted_first: bool) -> SignInRow:
        async with self._taking:
            while True:
                async with transaction(self._pool) as connection:
                    row = await sign_ins.take_due(
                        connection, now=self._now(), lease=self._lease, is_wanted_first=is_wanted_first
                    )
                if row is not None:
                    return row
                await asyncio.sleep(self._pause.total_seconds())

    async def _poll(self, row: SignInRow, *, limit: timedelta) -> None:
        match await self._outcome(row, limit=limit):
            case Pending(wait):
                now = self._now()
                async with transaction(self._pool) as connection:
                    await sign_ins.give_back(connection, row.id, poll_at=domain.next_poll_at(row, now=now, wait=wait))
            case Ended(state):
                async with self._worker.on_request() as work:
                    await self._ender.end(work, row.id, state=state)
            case Refused(reason):
                await self._refuse(row, reason)
            case Authorization() as authorized:
                await self._link(row, authorized)

    async def _outcome(self, row: SignInRow, *, limit: timedelta) -> Outcome | Refused:
        """Poll a sign-in, a last time when it has expired: people sign in at the last moment too."""
        is_over = row.expires_at <= self._now()
        outcome = await self._ask_safely(row, limit=limit)
        return domain.final_outcome(outcome) if is_over else outcome

    async def _ask_safely(self, row: SignInRow, *, limit: timedelta) -> Outcome | Refused:
        """Return the other system's answer; its failures mean that the sign-in is still pending."""
        try:
            async with asyncio.timeout(limit.total_seconds()):
                return await self._ask(row)
        except UnavailableError:
            raise
        except (UsherError, TimeoutError) as exc:
            reason = exc.detail if isinstance(exc, UsherError) else "no answer in time"
            log.warning("sign_in_not_told", sign_in=row.id, provider=row.provider, reason=reason)
            return _outcome_of(exc)

    async def _ask(self, row: SignInRow) -> Outcome | Refused:
        if row.provider not in self._flows:
            return Pending()
        secret = await self._vault.get(sign_in_secret(row.id, provider=row.provider))
        request = PollRequest(sign_in_id=row.id, server=row.server, references=row.references, secret=secret)
        outcome = await self._flows[row.provider].poll(request)
        return await self._admission.decide(row.asker, outcome) if isinstance(outcome, Authorization) else outcome

    async def _link(self, row: SignInRow, authorized: Authorization) -> None:
        linker = ErrorBoundary("sign_in_failed", sign_in=row.id, provider=row.provider, only_bugs=True)
        try:
            with linker:
                await self._store_link(row, authorized)
        except PermanentError as exc:
            await self._refuse(row, exc.detail, authorized)
        else:
            if not linker.succeeded:
                await self._refuse(row, BROKEN, authorized)

    async def _store_link(self, row: SignInRow, authorized: Authorization) -> None:
        async with self._worker.on_request() as work:
            row_now = await sign_ins.lock(work.connection, row.id)
            if row_now is not None and row_now.state == "pending":
                await self._linker.link(work, row.asker, authorized, cause=row.id)
                await self._ender.end(work, row.id, state="authorized", proven=authorized.proven)
            elif row_now is not None and row_now.state != "authorized":
                await self._unlinker.revoke_unused(work, authorized, cause=row.id)

    async def _refuse(self, row: SignInRow, reason: str, authorized: Authorization | None = None) -> None:
        async with self._worker.on_request() as work:
            ended = await self._ender.end(work, row.id, state="refused", reason=text(reason) or BROKEN)
            if ended is not None and authorized is not None:
                await self._unlinker.revoke_unused(work, authorized, cause=row.id)

    async def _forget(self) -> None:
        async with transaction(self._pool) as connection:
            await sign_ins.forget(connection, before=self._now() - _STORED_FOR)


def _outcome_of(error: UsherError | TimeoutError) -> Pending | Refused:
    """Return what an error means: errors of Usher or its settings do not go away by polling again."""
    match error:
        case ConflictError() | NotFoundError() | TamperedError():
            return Refused(error.detail)
        case PermanentError():
            return Pending(problem=error.detail)
        case TransientError():
            return Pending(error.retry_after)
        case _:
            return Pending()
