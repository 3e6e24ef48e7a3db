"""A user's own account: a new password, which ends all sessions that the old one opened."""

from collections.abc import Callable
from datetime import datetime

from services.gateway.access.caller import Caller
from services.gateway.access.login import Login
from services.gateway.access.passwords import Passwords
from services.gateway.access.watching import Watching
from services.gateway.store import audit, users
from shared.bus.work import Worker
from shared.errors import ConflictError, Fault, InvalidError, UnauthorizedError
from shared.schemas.secret import Secret


class Account:
    """What users do with their own account."""

    def __init__(
        self, login: Login, passwords: Passwords, worker: Worker, watching: Watching, *, now: Callable[[], datetime]
    ) -> None:
        self._login = login
        self._passwords = passwords
        self._worker = worker
        self._watching = watching
        self._now = now

    async def change_password(self, caller: Caller, *, current: Secret, new: Secret) -> None:
        """Change it and end the user's other sessions.

        Raises `InvalidError` where the current one is wrong, and `ThrottledError` after too many tries, which count
        together with those to log in.
        """
        if caller.session_id is None:
            fault = Fault("X-API-Key", "expected the token of a session, as Authorization: Bearer")
            raise InvalidError("an API key has no password: log in to change yours", faults=(fault,))
        if current == new:
            raise InvalidError("nothing would change", faults=(Fault("new_password", "is the current password"),))
        try:
            await self._change(caller, current, new)
        except UnauthorizedError as exc:
            fault = Fault("current_password", "is wrong")
            raise InvalidError("the current password is wrong", faults=(fault,)) from exc

    async def _change(self, caller: Caller, current: Secret, new: Secret) -> None:
        async with self._login.proven(
            caller.name, current, address=caller.address, failure="password.failed"
        ) as proven:
            password_hash = await self._passwords.hashed(new)
            async with self._worker.on_request() as work:
                await self._login.forgive(work.connection, proven)
                if not await users.change_password_hash(work.connection, proven.user, password_hash):
                    raise ConflictError("the password was changed at the same moment: log in again")
                ended = await users.end_sessions_of(work.connection, proven.user.id, but=caller.session_id)
                for session_id in ended:
                    self._watching.say(work, session_id)
                entry = caller.did("password.changed", f"user {proven.user.username}", at=self._now())
                await audit.note(work.connection, entry)
        for session_id in ended:
            self._watching.end(session_id)
