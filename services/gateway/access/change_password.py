"""A user changes their own password, which ends the other sessions that the old one opened."""

from services.gateway.access.audit import Audit
from services.gateway.access.caller import Caller
from services.gateway.access.login import Login
from services.gateway.access.passwords import Passwords
from services.gateway.access.stream_access import StreamAccess
from services.gateway.store import users
from services.gateway.store.database import Database
from shared.errors import ConflictError, Fault, InvalidError, UnauthorizedError
from shared.schemas.secret import Secret


class ChangePassword:
    """`await change_password(caller, current=…, new=…, audit=audit)`."""

    def __init__(self, login: Login, passwords: Passwords, database: Database, stream_access: StreamAccess) -> None:
        self._login = login
        self._passwords = passwords
        self._database = database
        self._stream_access = stream_access

    async def __call__(self, caller: Caller, *, current: Secret, new: Secret, audit: Audit) -> None:
        """Change it and end the user's other sessions.

        Raises `InvalidError` where the current one is wrong, and `ThrottledError` after too many tries, which count
        together with those to log in.
        """
        if caller.session_id is None:
            fault = Fault("X-API-Key", "expected the token of a session, as Authorization: Bearer")
            raise InvalidError("an API key has no password: log in to change yours", faults=(fault,))
        if not caller.has_password:
            raise InvalidError("you come in with Plex: there is no password to change")
        if current == new:
            raise InvalidError("nothing would change", faults=(Fault("new_password", "is the current password"),))
        try:
            await self._change(caller, current, new, audit)
        except UnauthorizedError as exc:
            fault = Fault("current_password", "is wrong")
            raise InvalidError("the current password is wrong", faults=(fault,)) from exc

    async def _change(self, caller: Caller, current: Secret, new: Secret, audit: Audit) -> None:
        async with self._login.prove(caller.name, current, address=caller.address, failure="password.failed") as proven:
            password_hash = await self._passwords.hashed(new)
            async with self._database.change() as work:
                await self._login.forgive(work.connection, proven)
                if not await users.change_password_hash(work.connection, proven.user, password_hash):
                    raise ConflictError("the password was changed at the same moment: log in again")
                ended = await users.end_sessions_of(work.connection, proven.user.id, but=caller.session_id)
                for session_id in ended:
                    self._stream_access.announce_end(work, session_id)
                await audit(f"user {proven.user.username}", on=work)
        for session_id in ended:
            self._stream_access.end(session_id)
