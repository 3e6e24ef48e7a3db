"""Logging in: throttled by account and by address, and the same to look at whether or not there is such a user."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from services.gateway.access import throttle, tokens
from services.gateway.access.passwords import Passwords
from services.gateway.store import audit, users
from services.gateway.store.audit import AuditEntry
from services.gateway.store.users import NewSession, User
from shared.errors import ThrottledError, UnauthorizedError
from shared.postgres.pool import Pool, transaction
from shared.schemas.identifiers import random_id
from shared.schemas.secret import Secret

LIFETIME: Final = timedelta(days=14)
"""A session is over after this, however much it is used."""


class Begun(msgspec.Struct, frozen=True):
    """A session: its token is shown this once."""

    token: Secret
    expires_at: datetime


class Login:
    """The one way to a session."""

    def __init__(self, pool: Pool, passwords: Passwords, *, now: Callable[[], datetime]) -> None:
        self._pool = pool
        self._passwords = passwords
        self._now = now

    async def begin(self, username: str, password: Secret, *, address: str) -> Begun:
        """Return a new session; raises `UnauthorizedError`, or `ThrottledError` after too many tries."""
        account = _account(username)
        await self._count(account, address)
        user = await users.find_user(self._pool, username)
        is_right = await self._passwords.are_equal(password, user.password_hash if user else None)
        if user is None or not is_right:
            await self._note_failure(user, address)
            raise UnauthorizedError("the username or the password is wrong")
        better = await self._passwords.hashed(password) if self._passwords.is_outdated(user.password_hash) else None
        return await self._begin(user, account, address, better)

    async def _count(self, account: bytes, address: str) -> None:
        """Count this try as a failure, for now; raises `ThrottledError` where it comes too soon."""
        now, network = self._now(), throttle.network(address)
        since = now - throttle.WINDOW
        async with transaction(self._pool) as connection:
            await users.lock_tries(connection, account=account, address=network)
            of_account = await users.tries_of_account(connection, account, since=since)
            of_address = await users.tries_of_address(connection, network, since=since)
            pause = max(
                throttle.wait(of_account.count, of_account.last_at, free=throttle.FREE_OF_ACCOUNT, now=now),
                throttle.wait(of_address.count, of_address.last_at, free=throttle.FREE_OF_ADDRESS, now=now),
            )
            if pause:
                raise ThrottledError("too many logins failed: wait, then try again", retry_after=pause)
            await users.note_try(connection, account=account, address=network, now=now)

    async def _note_failure(self, user: User | None, address: str) -> None:
        actor = user.username if user else "unknown"  # not what was typed: that may be a password
        async with transaction(self._pool) as connection:
            await audit.note(connection, self._entry("login.failed", actor=actor, address=address))

    async def _begin(self, user: User, account: bytes, address: str, better: str | None) -> Begun:
        now, token = self._now(), tokens.new(tokens.SESSION)
        session = NewSession(
            id=random_id(),
            digest=tokens.digest(token.reveal()),
            user_id=user.id,
            address=address,
            created_at=now,
            expires_at=now + LIFETIME,
        )
        async with transaction(self._pool) as connection:
            await users.forgive_tries(connection, account)
            if better is not None:
                await users.change_password_hash(connection, user.id, better)
            await users.begin_session(connection, session)
            await audit.note(connection, self._entry("login", actor=user.username, address=address))
        return Begun(token, session.expires_at)

    def _entry(self, action: str, *, actor: str, address: str) -> AuditEntry:
        return AuditEntry(at=self._now(), actor=actor, address=address, action=action, object="session")


def _account(username: str) -> bytes:
    """Return what tries are counted by: a digest, for people type passwords into the wrong field."""
    return hashlib.sha256(username.strip().casefold().encode(errors="surrogatepass")).digest()
