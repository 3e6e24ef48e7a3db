"""Finds out who calls: which session or API key a token is, as Postgres knows it now."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec
import structlog

from services.gateway.access import scopes, tokens
from services.gateway.access.caller import Caller
from services.gateway.access.persons import Persons
from services.gateway.store import keys, users
from shared.errors import UnauthorizedError, UnavailableError
from shared.postgres.pool import Pool

IDLE: Final = timedelta(hours=12)
"""A session ends when it is not used for this long."""
_SESSION_NOTED_EVERY: Final = timedelta(minutes=1)
_KEY_NOTED_EVERY: Final = timedelta(minutes=5)

log = structlog.get_logger()


class Authenticator:
    """Asks Postgres at each request, so that a revoked key stops working at once."""

    def __init__(self, pool: Pool, persons: Persons, *, now: Callable[[], datetime]) -> None:
        self._pool = pool
        self._persons = persons
        self._now = now

    async def authenticate(self, token: str | None, *, address: str) -> Caller:
        """Return who calls.

        Raises `UnauthorizedError`, the same for every reason, `ForbiddenError` where the credential's person is gone,
        or `UnavailableError`.
        """
        found = None
        if token and len(token) <= tokens.LONGEST:
            is_session = token.startswith(tokens.SESSION)
            found = await (self._by_session(token, address) if is_session else self._by_key(token, address))
        if found is None:
            raise UnauthorizedError(
                "no valid credential: send X-API-Key, or Authorization: Bearer from POST /api/auth/login"
            )
        return await self._as_person(found)

    async def _by_session(self, token: str, address: str) -> Caller | None:
        now = self._now()
        session = await users.find_session(self._pool, tokens.digest(token), now=now, used_after=now - IDLE)
        if session is None:
            return None
        if now - session.used_at > _SESSION_NOTED_EVERY:
            await _note_use(users.note_session_use(self._pool, session.id, now=now))
        return Caller(
            name=session.username,
            scopes=scopes.implied(session.scopes),
            address=address,
            credential_id=session.id,
            kind="session",
            person_id=session.person_id,
            has_password=session.has_password,
        )

    async def _by_key(self, token: str, address: str) -> Caller | None:
        now = self._now()
        key = await keys.find_key(self._pool, tokens.digest(token), now=now)
        if key is None:
            return None
        if key.last_used_at is None or now - key.last_used_at > _KEY_NOTED_EVERY:
            await _note_use(keys.note_key_use(self._pool, key.id, now=now))
        return Caller(
            name=key.name,
            scopes=scopes.implied(key.scopes),
            address=address,
            credential_id=key.id,
            kind="key",
            person_id=key.person_id,
        )

    async def _as_person(self, caller: Caller) -> Caller:
        if caller.person_id is None:
            return caller
        person = await self._persons.current(caller.person_id)
        return msgspec.structs.replace(
            caller, person_id=person.id, former_id=caller.person_id, person_name=person.name or ""
        )


async def _note_use(note: Awaitable[None]) -> None:
    """Note a use if possible: on a full disk Postgres still reads, and whoever asks what is wrong must get in."""
    try:
        await note
    except UnavailableError as exc:
        log.warning("use_not_noted", reason=exc.detail)
