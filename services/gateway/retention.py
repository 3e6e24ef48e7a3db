"""Forgets what is old: events after 30 days, dead letters after 90, what nobody can log in with any more.

Each replica does it; rows that another one holds are passed over.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from services.gateway.access import authenticator, plex_login
from services.gateway.access.login_attempts import LoginAttempts
from services.gateway.refusals import refused_senders
from services.gateway.store import dead_letters, events, plex_sign_ins, refusals, runs, users
from shared.loops import every
from shared.postgres.pool import Pool

EVENTS_KEPT: Final = timedelta(days=30)
DEAD_LETTERS_KEPT: Final = timedelta(days=90)
RUNS_KEPT: Final = timedelta(days=90)
_EVERY: Final = timedelta(minutes=10)
_AT_ONCE: Final = 1000


class Retention:
    """Runs beside the consumers."""

    def __init__(self, pool: Pool, login_attempts: LoginAttempts, *, now: Callable[[], datetime]) -> None:
        self._pool = pool
        self._login_attempts = login_attempts
        self._now = now

    async def run(self) -> None:
        """Forget every ten minutes, until cancelled."""
        await every(_EVERY, self.once, name="retention")

    async def once(self) -> None:
        """Forget all that is due; raises `UnavailableError`."""
        now = self._now()
        while await events.forget_events(self._pool, before=now - EVENTS_KEPT, limit=_AT_ONCE) == _AT_ONCE:
            continue
        await dead_letters.forget_dead_letters(self._pool, before=now - DEAD_LETTERS_KEPT)
        await runs.forget_runs(self._pool, before=now - RUNS_KEPT)
        await self._login_attempts.forget()
        await plex_sign_ins.forget_sign_ins(self._pool, before=now - plex_login.KEPT)
        await refusals.forget_refused(self._pool, before=now - refused_senders.KEPT)
        await users.forget_sessions(self._pool, now=now, used_before=now - authenticator.IDLE)
