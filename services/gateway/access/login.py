"""Passwords that people show, to log in or to change theirs: throttled by account and by address.

It looks the same whether or not there is such a user. The tries of an address go one at a time, so that many right ones
at once do not count against each other.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final

import msgspec

from services.gateway.access import tokens
from services.gateway.access.passwords import Passwords
from services.gateway.access.tries import Tries, place_of
from services.gateway.store import audit, users
from services.gateway.store.audit import AuditEntry
from services.gateway.store.tries import Place
from services.gateway.store.users import NewSession, User
from shared.errors import ThrottledError, UnauthorizedError
from shared.keyed_lock import KeyedLock
from shared.postgres.pool import Connection, Pool, transaction
from shared.schemas.identifiers import random_id
from shared.schemas.secret import Secret
from shared.schemas.users import name_key

LIFETIME: Final = timedelta(days=14)
"""A session is over after this, however much it is used."""
_WRONG: Final = "the username or the password is wrong"
_MOST_OF_ADDRESS: Final = 30
"""Tries under way at once."""


class Begun(msgspec.Struct, frozen=True):
    """A session: its token is shown this once."""

    token: Secret
    expires_at: datetime


class ProvenUser(msgspec.Struct, frozen=True):
    """A user whose password was shown, and by what their tries are counted."""

    user: User
    place: Place


class Login:
    """The one way to a session."""

    def __init__(self, pool: Pool, passwords: Passwords, tries: Tries, *, now: Callable[[], datetime]) -> None:
        self._pool = pool
        self._passwords = passwords
        self._tries = tries
        self._now = now
        self._one_at_a_time = KeyedLock(most=_MOST_OF_ADDRESS)

    async def begin(self, username: str, password: Secret, *, address: str) -> Begun:
        """Return a new session; raises `UnauthorizedError`, or `ThrottledError` after too many tries."""
        async with self.prove(username, password, address=address) as proven:
            return await self._begin(proven, password, address)

    @asynccontextmanager
    async def prove(
        self, username: str, password: Secret, *, address: str, failure: str = "login.failed"
    ) -> AsyncIterator[ProvenUser]:
        """Lend the user whose password this is; raises like `begin`. `failure` is what the audit calls a wrong one."""
        key = name_key(username)
        place = place_of(key, address)
        async with self._one_at_a_time.holding(place.address):
            user = await users.find_user(self._pool, key)
            is_right = await self._is_right(user, password, place)
            if user is None or not is_right:
                await self._note_failure(failure, user, address)
                raise UnauthorizedError(_WRONG)
            yield ProvenUser(user, place)

    async def forgive(self, connection: Connection, proven: ProvenUser) -> None:
        """Let what failed from this address count no more, in the transaction that the right password opened."""
        await self._tries.forgive(connection, proven.place, proven.user)

    async def _is_right(self, user: User | None, password: Secret, place: Place) -> bool:
        """Say whether this is the password; the try counts as failed until that is known."""
        counted = await self._tries.count(place, user)
        try:
            kept = user.password_hash if user else None
            return await self._passwords.are_equal(password, kept, is_known=counted.is_known)
        except ThrottledError:
            await self._tries.take_back(counted)
            raise

    async def _note_failure(self, failure: str, user: User | None, address: str) -> None:
        actor = user.username if user else "unknown"  # not what was typed: that may be a password
        async with transaction(self._pool) as connection:
            await audit.note(connection, self._entry(failure, actor=actor, address=address))

    async def _begin(self, proven: ProvenUser, password: Secret, address: str) -> Begun:
        user, kept = proven.user, proven.user.password_hash
        better = await self._passwords.hashed(password) if self._passwords.is_outdated(kept) else kept
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
            await self.forgive(connection, proven)
            if not await users.change_password_hash(connection, user, better):
                raise UnauthorizedError(_WRONG)  # it was changed since it was looked at
            await users.begin_session(connection, session)
            await audit.note(connection, self._entry("login", actor=user.username, address=address))
        return Begun(token, session.expires_at)

    def _entry(self, action: str, *, actor: str, address: str) -> AuditEntry:
        return AuditEntry(at=self._now(), actor=actor, address=address, action=action, object="session")
