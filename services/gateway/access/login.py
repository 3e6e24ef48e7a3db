"""Passwords that people show, to log in or to change theirs: limited by account and by address.

An unknown user takes as long as a known one. The attempts of one address run one at a time, so that several right ones
at once do not count against each other.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final

import msgspec

from services.gateway.access import tokens
from services.gateway.access.login_attempts import LoginAttempts, attempt_key
from services.gateway.access.passwords import Passwords
from services.gateway.store import audit, users
from services.gateway.store.audit import AuditEntry
from services.gateway.store.login_attempts import AttemptKey
from services.gateway.store.users import NewSession, User
from shared.errors import ThrottledError, UnauthorizedError
from shared.keyed_lock import KeyedLock
from shared.postgres.pool import Connection, Pool, transaction
from shared.schemas.identifiers import random_id
from shared.schemas.secret import Secret
from shared.schemas.users import name_key

LIFETIME: Final = timedelta(days=14)
"""A session ends after this, however much it is used."""
_WRONG: Final = "the username or the password is wrong"
_MOST_PER_ADDRESS: Final = 30
"""Attempts under way at once."""


class IssuedSession(msgspec.Struct, frozen=True):
    """A new session; its token is shown only once."""

    token: Secret
    expires_at: datetime


def new_session(user_id: str, *, address: str, now: datetime) -> tuple[NewSession, IssuedSession]:
    """Return a session to store, and what its owner is given."""
    token = tokens.new(tokens.SESSION)
    session = NewSession(
        id=random_id(),
        digest=tokens.digest(token.reveal()),
        user_id=user_id,
        address=address,
        created_at=now,
        expires_at=now + LIFETIME,
    )
    return session, IssuedSession(token, session.expires_at)


class ProvenUser(msgspec.Struct, frozen=True):
    """A user whose password was shown, and by what their attempts are counted."""

    user: User
    attempt: AttemptKey


class Login:
    """Issues sessions."""

    def __init__(
        self, pool: Pool, passwords: Passwords, login_attempts: LoginAttempts, *, now: Callable[[], datetime]
    ) -> None:
        self._pool = pool
        self._passwords = passwords
        self._attempts = login_attempts
        self._now = now
        self._queue = KeyedLock(most=_MOST_PER_ADDRESS)

    async def log_in(self, username: str, password: Secret, *, address: str) -> IssuedSession:
        """Return a new session; raises `UnauthorizedError`, or `ThrottledError` after too many attempts."""
        async with self.prove(username, password, address=address) as proven:
            return await self._issue_session(proven, password, address)

    @asynccontextmanager
    async def prove(
        self, username: str, password: Secret, *, address: str, failure: str = "login.failed"
    ) -> AsyncIterator[ProvenUser]:
        """Lend the user whose password this is; raises like `log_in`. `failure` is what the audit calls a wrong one."""
        key = name_key(username)
        attempt = attempt_key(key, address)
        async with self._queue.holding(attempt.address):
            user = await users.find_user(self._pool, key)
            is_right = await self._is_right(user, password, attempt)
            if user is None or not is_right:
                await self._note_failure(failure, user, address)
                raise UnauthorizedError(_WRONG)
            yield ProvenUser(user, attempt)

    async def forgive(self, connection: Connection, proven: ProvenUser) -> None:
        """Forget what failed from this address, in the transaction that the right password is for."""
        await self._attempts.forgive(connection, proven.attempt, proven.user)

    async def _is_right(self, user: User | None, password: Secret, attempt: AttemptKey) -> bool:
        """Say whether the password is right; the attempt counts as failed until that is known."""
        counted = await self._attempts.count(attempt, user)
        try:
            kept = user.password_hash if user else None
            return await self._passwords.are_equal(password, kept, is_known=counted.is_known)
        except ThrottledError:
            await self._attempts.take_back(counted)
            raise

    async def _note_failure(self, failure: str, user: User | None, address: str) -> None:
        actor = user.username if user else "unknown"  # not the typed name: it may be a password
        async with transaction(self._pool) as connection:
            await audit.note(connection, self._entry(failure, actor=actor, address=address))

    async def _issue_session(self, proven: ProvenUser, password: Secret, address: str) -> IssuedSession:
        user, kept = proven.user, proven.user.password_hash
        better = await self._passwords.hashed(password) if self._passwords.is_outdated(kept) else kept
        session, issued = new_session(user.id, address=address, now=self._now())
        async with transaction(self._pool) as connection:
            await self.forgive(connection, proven)
            if not await users.change_password_hash(connection, user, better):
                raise UnauthorizedError(_WRONG)  # it was changed since it was looked at
            await users.begin_session(connection, session)
            await audit.note(connection, self._entry("login", actor=user.username, address=address))
        return issued

    def _entry(self, action: str, *, actor: str, address: str) -> AuditEntry:
        return AuditEntry(at=self._now(), actor=actor, address=address, action=action, object="session")
