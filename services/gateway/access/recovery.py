"""Sets a new password for a user who has lost theirs, for whoever has access to the database."""

from collections.abc import Callable
from datetime import datetime

from services.gateway.access.login_attempts import attempt_key
from services.gateway.access.passwords import Passwords
from services.gateway.access.stream_access import StreamAccess
from services.gateway.store import audit, login_attempts, users
from services.gateway.store.audit import AuditEntry
from services.gateway.store.users import User
from shared.bus.work import Worker
from shared.errors import ConflictError, InvalidError, NotFoundError
from shared.postgres.pool import Pool, transaction
from shared.schemas.secret import Secret
from shared.schemas.users import name_key


class Recovery:
    """Works on the tables alone, whether or not a gateway runs. A running one hears of it through the outbox."""

    def __init__(self, pool: Pool, passwords: Passwords, *, now: Callable[[], datetime]) -> None:
        self._pool = pool
        self._passwords = passwords
        self._now = now

    async def user(self, username: str | None) -> User:
        """Return the user of a name, or the only one; raises `NotFoundError` or `InvalidError`."""
        async with transaction(self._pool) as connection:
            found = await users.all_users(connection)
        if not found:
            raise NotFoundError("nobody can log in yet: start Usher once")
        if username is not None:
            found = [user for user in found if name_key(user.username) == name_key(username)]
        if not found:
            raise NotFoundError(f"there is no user {username!r}")
        if len(found) > 1:
            names = ", ".join(sorted(user.username for user in found))
            raise InvalidError(f"there are several users: name one of {names}")
        return found[0]

    async def reset_password(self, user: User, password: Secret) -> int:
        """Set a password and end all sessions of the user; return how many there were.

        Failed attempts are forgotten, because whoever lost a password has made some.
        """
        password_hash = await self._passwords.hashed(password)
        stream_access = StreamAccess(self._pool, now=self._now)
        async with Worker(self._pool).on_request() as work:
            if not await users.change_password_hash(work.connection, user, password_hash):
                raise ConflictError("the password was changed at the same moment: try again")
            await login_attempts.forgive_account(work.connection, attempt_key(name_key(user.username), "").account)
            ended = await users.end_sessions_of(work.connection, user.id)
            for session_id in ended:
                stream_access.announce_end(work, session_id)
            await audit.note(work.connection, self._entry(user))
        return len(ended)

    def _entry(self, user: User) -> AuditEntry:
        return AuditEntry(
            at=self._now(), actor="command line", address="", action="password.reset", object=f"user {user.username}"
        )
