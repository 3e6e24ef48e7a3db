"""Asks how open sign-ins stand, in turns: every replica takes what is due, and no two take the same.

The next moment is written before the other system is called, and nothing is called inside a transaction. A replica
that dies in the middle leaves its sign-ins to the others when its lease is over; nothing is lost, as asking again
gives the same answer.

Where more wait than may be asked for, those that somebody waits for right now go first, and the others more slowly.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog

from services.linker.signins import domain
from services.linker.signins.domain import (
    LEASE,
    POLL_LIMIT,
    Authorized,
    Ended,
    Flow,
    Outcome,
    Pending,
    Refused,
    SignInRow,
)
from services.linker.signins.domain import Waiting as WaitingFor
from services.linker.signins.ending import Endings
from services.linker.signins.intervals import INTERVALS, Intervals
from services.linker.signins.linking import Linking
from services.linker.signins.store import sign_ins
from services.linker.signins.unlinking import Unlinking
from shared import loops
from shared.bus.work import Worker
from shared.errors import ConflictError, NotFoundError, PermanentError, TransientError, UnavailableError, UsherError
from shared.keyring import TamperedError
from shared.leniency import text
from shared.mishaps import Contained
from shared.owners import sign_in_secret
from shared.postgres.pool import Pool, transaction
from shared.schemas.media import Provider
from shared.vault import Vault

AT_ONCE: Final = 4
"""Sign-ins that a replica asks for side by side: one that is slow holds up no others."""
WANTED_FIRST: Final = 3
"""So many of these ask first for the sign-ins that somebody waits for; the rest see to it that all get their turns."""
BROKEN: Final = "Something went wrong in Usher itself, which its log describes. Begin again"
_WAIT_S: Final = 0.1
_KEPT: Final = timedelta(days=30)
_FORGETS_EVERY: Final = timedelta(hours=1)

log = structlog.get_logger()


class Poller:
    """A replica's share of the work."""

    def __init__(
        self,
        *,
        worker: Worker,
        pool: Pool,
        vault: Vault,
        flows: Mapping[Provider, Flow],
        linking: Linking,
        endings: Endings,
        unlinking: Unlinking,
        now: Callable[[], datetime],
        lease: timedelta = LEASE,
        intervals: Intervals = INTERVALS,
    ) -> None:
        self._worker = worker
        self._pool = pool
        self._vault = vault
        self._flows = flows
        self._linking = linking
        self._endings = endings
        self._unlinking = unlinking
        self._now = now
        self._lease = lease
        self._intervals = intervals
        self._pause = intervals.looks
        self._one_looks = asyncio.Lock()

    async def run(self) -> None:
        """Ask until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(loops.every(_FORGETS_EVERY, self._forget, name="old_sign_ins"))
            for number in range(AT_ONCE):
                step = partial(self._poll_next, is_wanted_first=number < WANTED_FIRST)
                tasks.create_task(loops.every(self._pause, step, name="sign_ins"))

    async def check(self, sign_in_id: str, *, every: timedelta | None = None, limit: timedelta | None = None) -> None:
        """Ask at once how one stands, unless it was asked for just now; wait a little where somebody is asking."""
        every = self._intervals.checks if every is None else every
        limit = self._intervals.check_within if limit is None else limit
        async with transaction(self._pool) as connection:
            await sign_ins.want(connection, sign_in_id, now=self._now())
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
        """Ask for one; where Usher itself fails at it, end it, for it would fail again and again."""
        row = await self._next(is_wanted_first=is_wanted_first)
        poll = Contained("sign_in_failed", sign_in=row.id, provider=row.provider, only_bugs=True)
        with poll:
            await self._poll(row, limit=POLL_LIMIT)
        if not poll.is_whole:
            await self._refuse(row, BROKEN)
        return loops.AT_ONCE

    async def _next(self, *, is_wanted_first: bool) -> SignInRow:
        async with self._one_looks:
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
                    await sign_ins.give_back(connection, row.id, poll_at=domain.poll_again_at(row, now=now, wait=wait))
            case Ended(state):
                async with self._worker.on_request() as work:
                    await self._endings.end(work, row.id, state=state)
            case Refused(reason):
                await self._refuse(row, reason)
            case Authorized() as authorized:
                await self._link(row, authorized)

    async def _outcome(self, row: SignInRow, *, limit: timedelta) -> Outcome | Refused:
        """Return how it stands; at its end it is asked for a last time, for people sign in at the last moment too."""
        is_over = row.expires_at <= self._now()
        outcome = await self._told(row, limit=limit)
        return domain.at_the_end(outcome) if is_over else outcome

    async def _told(self, row: SignInRow, *, limit: timedelta) -> Outcome | Refused:
        """Return what the other system says; what goes wrong over there is no answer, and may go right yet."""
        try:
            async with asyncio.timeout(limit.total_seconds()):
                return await self._asked(row)
        except UnavailableError:
            raise
        except (UsherError, TimeoutError) as exc:
            reason = exc.detail if isinstance(exc, UsherError) else "no answer in time"
            log.warning("sign_in_not_told", sign_in=row.id, provider=row.provider, reason=reason)
            return _meaning_of(exc)

    async def _asked(self, row: SignInRow) -> Outcome:
        if row.provider not in self._flows:
            return Pending()
        secret = await self._vault.get(sign_in_secret(row.id, provider=row.provider))
        waiting = WaitingFor(sign_in_id=row.id, server=row.server, references=row.references, secret=secret)
        return await self._flows[row.provider].poll(waiting)

    async def _link(self, row: SignInRow, authorized: Authorized) -> None:
        linking = Contained("sign_in_failed", sign_in=row.id, provider=row.provider, only_bugs=True)
        try:
            with linking:
                await self._settle(row, authorized)
        except PermanentError as exc:
            await self._refuse(row, exc.detail, authorized)
        else:
            if not linking.is_whole:
                await self._refuse(row, BROKEN, authorized)

    async def _settle(self, row: SignInRow, authorized: Authorized) -> None:
        async with self._worker.on_request() as work:
            held = await sign_ins.hold(work.connection, row.id)
            if held is not None and held.state == "pending":
                await self._linking.link(work, row.asker, authorized, cause=row.id)
                await self._endings.end(work, row.id, state="authorized", proven=authorized.proven)
            elif held is not None and held.state != "authorized":
                await self._unlinking.turn_away(work, authorized, cause=row.id)

    async def _refuse(self, row: SignInRow, reason: str, authorized: Authorized | None = None) -> None:
        async with self._worker.on_request() as work:
            ended = await self._endings.end(work, row.id, state="refused", reason=text(reason) or BROKEN)
            if ended is not None and authorized is not None:
                await self._unlinking.turn_away(work, authorized, cause=row.id)

    async def _forget(self) -> None:
        async with transaction(self._pool) as connection:
            await sign_ins.forget(connection, before=self._now() - _KEPT)


def _meaning_of(error: UsherError | TimeoutError) -> Pending | Refused:
    """Return what an error means: ours, and what our own settings cause, will not go away by asking again."""
    match error:
        case ConflictError() | NotFoundError() | TamperedError():
            return Refused(error.detail)
        case PermanentError():
            return Pending(problem=error.detail)
        case TransientError():
            return Pending(error.retry_after)
        case _:
            return Pending()
