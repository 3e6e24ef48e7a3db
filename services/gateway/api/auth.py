"""`/api/auth`: logging in and out, and who is logged in."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import Controller, Request, delete, get, post, put
from litestar.di import NamedDependency
from litestar.openapi.spec import Example
from litestar.params import Body
from msgspec import Meta

from services.gateway.access.audit import Audit
from services.gateway.access.authenticator import IDLE
from services.gateway.access.caller import Caller
from services.gateway.access.change_password import ChangePassword
from services.gateway.access.login import Login
from services.gateway.access.passwords import MOST_PASSWORD, NewPassword
from services.gateway.access.scopes import ALL, Scope, scopes_to_show
from services.gateway.access.stream_access import StreamAccess
from services.gateway.api import describe
from services.gateway.api.guards import needs
from services.gateway.page import Id, Limit, Offset
from services.gateway.peer import address
from services.gateway.store import users
from services.gateway.store.database import Database
from services.gateway.store.users import Session
from shared.errors import Fault, InvalidError, NotFoundError
from shared.schemas.secret import Secret

_AT: Final = datetime(2026, 1, 31, 18, 0, tzinfo=UTC)


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who wants in."""

    username: Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]
    password: Annotated[str, Meta(min_length=1, max_length=MOST_PASSWORD)]

    def __repr__(self) -> str:
        return "Credentials(***)"


class PasswordChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The current password and the new one, of 12 to 1,000 characters."""

    current_password: Annotated[str, Meta(min_length=1, max_length=MOST_PASSWORD)]
    new_password: NewPassword

    def __repr__(self) -> str:
        return "PasswordChange(***)"


class SessionToken(msgspec.Struct, frozen=True):
    """A session: send its token as `Authorization: Bearer`. It is shown this once."""

    token: str
    expires_at: datetime


class CredentialOwner(msgspec.Struct, frozen=True):
    """Whom a credential belongs to, and what it allows."""

    name: str
    scopes: list[Scope]
    kind: str
    """`session` or `key`."""
    person_id: str | None
    """As whom it acts; null where it is nobody's in particular."""


class SessionItem(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is logged in; `current` is the session of this very call."""

    id: str
    username: str
    address: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    current: bool


class SessionPage(msgspec.Struct, frozen=True):
    """A page of sessions, the last used first."""

    items: list[SessionItem]
    total: int
    limit: int
    offset: int


_LOGIN: Final = Body(examples=[Example(value={"username": "admin", "password": "correct horse battery staple"})])
_CHANGE: Final = Body(
    examples=[Example(value={"current_password": "7f3kq-…", "new_password": "correct horse battery staple"})]
)
_NEW: Final = SessionToken("ushs_nHo5…", _AT)
_OWNER: Final = CredentialOwner("admin", list(ALL), "session", None)
_SESSION: Final = SessionItem(
    id="8p1v…", username="admin", address="192.168.1.20", created_at=_AT, last_used_at=_AT, expires_at=_AT, current=True
)


class LoginController(Controller):
    """Needs no credential."""

    path, tags = "/auth/login", ("auth",)

    @post(
        "/",
        status_code=200,
        summary="Log in",
        responses=describe.shows_openly(_NEW) | describe.WITH_BODY | describe.THROTTLED,
    )
    async def log_in(
        self, request: Request[Any, Any, Any], login: NamedDependency[Login], data: Annotated[Credentials, _LOGIN]
    ) -> SessionToken:
        """Return a new session; 429 with `Retry-After` after too many tries."""
        session = await login.log_in(data.username, Secret(data.password), address=address(request))
        return SessionToken(session.token.reveal(), session.expires_at)


class SessionController(Controller):
    """Sessions."""

    path, tags = "/auth", ("auth",)

    @post(
        "/logout",
        status_code=204,
        summary="Log out",
        opt=needs("self", audits="logout"),
        responses=describe.GUARDED,
    )
    async def log_out(
        self,
        caller: NamedDependency[Caller],
        database: NamedDependency[Database],
        stream_access: NamedDependency[StreamAccess],
        audit: NamedDependency[Audit],
    ) -> None:
        """End the session of this call; 400 for an API key, which has none and stays valid."""
        if caller.session_id is None:
            fault = Fault("X-API-Key", "expected the token of a session, as Authorization: Bearer")
            raise InvalidError(
                "only a session can be logged out: DELETE /api/keys/{id} ends an API key", faults=(fault,)
            )
        await _end_session(caller.session_id, database, stream_access, audit)

    @get("/verify", summary="Who am I?", opt=needs("self"), responses=describe.shows(_OWNER))
    async def verify(self, caller: NamedDependency[Caller]) -> CredentialOwner:
        """Say whose credential this is."""
        return CredentialOwner(caller.name, scopes_to_show(caller.scopes), caller.kind, caller.person_id)

    @put(
        "/password",
        status_code=204,
        summary="Change one's password",
        opt=needs("self", audits="password.changed"),
        responses=describe.GUARDED | describe.WITH_BODY | describe.CONFLICT | describe.THROTTLED,
    )
    async def put_password(
        self,
        caller: NamedDependency[Caller],
        change_password: NamedDependency[ChangePassword],
        audit: NamedDependency[Audit],
        data: Annotated[PasswordChange, _CHANGE],
    ) -> None:
        """Change the password of the session's user, and end all their other sessions with the streams these opened.

        400 where the current password is wrong, and for an API key. After too many wrong ones, here or at the login,
        429 with `Retry-After`.
        """
        current, new = Secret(data.current_password), Secret(data.new_password)
        await change_password(caller, current=current, new=new, audit=audit)

    @get(
        "/sessions",
        summary="Who is logged in?",
        opt=needs("admin"),
        responses=describe.shows(SessionPage([_SESSION], 1, 50, 0)),
    )
    async def list_sessions(
        self,
        caller: NamedDependency[Caller],
        database: NamedDependency[Database],
        now: NamedDependency[datetime],
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> SessionPage:
        """List who is logged in."""
        found, total = await users.page_of_sessions(
            database.pool, now=now, used_after=now - IDLE, limit=limit, offset=offset
        )
        return SessionPage([_item(session, caller) for session in found], total, limit, offset)

    @delete(
        "/sessions/{session_id:str}",
        summary="Log somebody out",
        opt=needs("admin", audits="session.ended"),
        responses=describe.WITH_ID,
    )
    async def end_session(
        self,
        session_id: Id,
        database: NamedDependency[Database],
        stream_access: NamedDependency[StreamAccess],
        audit: NamedDependency[Audit],
    ) -> None:
        """Log somebody out."""
        if not await _end_session(session_id, database, stream_access, audit):
            raise NotFoundError(f"there is no session {session_id!r}")


async def _end_session(session_id: str, database: Database, stream_access: StreamAccess, audit: Audit) -> bool:
    async with database.change() as work:
        was_there = await users.end_session(work.connection, session_id)
        if was_there:
            stream_access.announce_end(work, session_id)
            await audit(f"session {session_id}", on=work)
    stream_access.end(session_id)
    return was_there


def _item(session: Session, caller: Caller) -> SessionItem:
    return SessionItem(
        id=session.id,
        username=session.username,
        address=session.address,
        created_at=session.created_at,
        last_used_at=session.used_at,
        expires_at=session.expires_at,
        current=session.id == caller.session_id,
    )
