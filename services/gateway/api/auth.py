"""`/api/auth`: logging in and out, and who is logged in."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Router, delete, get, post, put
from litestar.di import NamedDependency
from litestar.openapi.spec import Example
from litestar.params import Body
from msgspec import Meta

from services.gateway.access.account import Account
from services.gateway.access.caller import Caller
from services.gateway.access.doorman import IDLE
from services.gateway.access.login import Login
from services.gateway.access.passwords import MOST_PASSWORD, NewPassword
from services.gateway.access.scopes import ALL, Scope
from services.gateway.access.watching import Watching
from services.gateway.api import describe
from services.gateway.api.guards import needs
from services.gateway.api.handlers import free
from services.gateway.page import Id, Limit, Offset
from services.gateway.peer import address
from services.gateway.store import audit, users
from services.gateway.store.users import Session
from shared.bus.work import Worker
from shared.errors import Fault, InvalidError, NotFoundError
from shared.postgres.pool import Pool
from shared.schemas.secret import Secret

_AT: Final = datetime(2026, 1, 31, 18, 0, tzinfo=UTC)


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who wants in."""

    username: Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]
    password: Annotated[str, Meta(min_length=1, max_length=MOST_PASSWORD)]

    def __repr__(self) -> str:
        return "Credentials(***)"


class PasswordChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The password that is to end, and the one to come, which has 12 to 1,000 characters."""

    current_password: Annotated[str, Meta(min_length=1, max_length=MOST_PASSWORD)]
    new_password: NewPassword

    def __repr__(self) -> str:
        return "PasswordChange(***)"


class Begun(msgspec.Struct, frozen=True):
    """A session: send its token as `Authorization: Bearer`. It is shown this once."""

    token: str
    expires_at: datetime


class Verified(msgspec.Struct, frozen=True):
    """Whom a credential belongs to, and what it allows."""

    name: str
    scopes: list[Scope]
    kind: str
    """`session` or `key`."""


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
    examples=[
        Example(value={"current_password": "7f3kq-…", "new_password": "correct horse battery staple"}),
    ]
)
_BEGUN: Final = Begun("ushs_nHo5…", _AT)
_VERIFIED: Final = Verified("admin", list(ALL), "session")
_SESSION: Final = SessionItem(
    id="8p1v…", username="admin", address="192.168.1.20", created_at=_AT, last_used_at=_AT, expires_at=_AT, current=True
)


class AuthRoutes:
    """Sessions."""

    def __init__(
        self,
        login: Login,
        account: Account,
        pool: Pool,
        worker: Worker,
        watching: Watching,
        *,
        now: Callable[[], datetime],
    ) -> None:
        self._login = login
        self._account = account
        self._pool = pool
        self._worker = worker
        self._watching = watching
        self._now = now

    async def log_in(self, request: Request[Any, Any, Any], data: Annotated[Credentials, _LOGIN]) -> Begun:
        """Return a new session; 429 with `Retry-After` after too many tries."""
        begun = await self._login.begin(data.username, Secret(data.password), address=address(request))
        return Begun(begun.token.reveal(), begun.expires_at)

    async def log_out(self, caller: NamedDependency[Caller]) -> None:
        """End the session of this call; 400 for an API key, which has none and stays valid."""
        if caller.session_id is None:
            fault = Fault("X-API-Key", "expected the token of a session, as Authorization: Bearer")
            raise InvalidError(
                "only a session can be logged out: DELETE /api/keys/{id} ends an API key", faults=(fault,)
            )
        await self._end(caller.session_id, caller, "logout")

    async def verify(self, caller: NamedDependency[Caller]) -> Verified:
        """Say whose credential this is."""
        return Verified(caller.name, [scope for scope in ALL if caller.may(scope)], caller.kind)

    async def change_password(self, caller: NamedDependency[Caller], data: Annotated[PasswordChange, _CHANGE]) -> None:
        """Change the password of the session's user, and end all their other sessions and the streams these opened.

        400 where the current password is wrong, and for an API key; after too many wrong ones, here or in logging in,
        429 with `Retry-After`.
        """
        await self._account.change_password(
            caller, current=Secret(data.current_password), new=Secret(data.new_password)
        )

    async def sessions(self, caller: NamedDependency[Caller], limit: Limit = 50, offset: Offset = 0) -> SessionPage:
        """List who is logged in."""
        now = self._now()
        found, total = await users.page_of_sessions(
            self._pool, now=now, used_after=now - IDLE, limit=limit, offset=offset
        )
        return SessionPage([_item(session, caller) for session in found], total, limit, offset)

    async def end(self, caller: NamedDependency[Caller], session_id: Id) -> None:
        """Log somebody out."""
        if not await self._end(session_id, caller, "session.ended"):
            raise NotFoundError(f"there is no session {session_id!r}")

    async def _end(self, session_id: str, caller: Caller, action: str) -> bool:
        async with self._worker.on_request() as work:
            was_there = await users.end_session(work.connection, session_id)
            if was_there:
                self._watching.say(work, session_id)
                await audit.note(work.connection, caller.did(action, f"session {session_id}", at=self._now()))
        self._watching.end(session_id)
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


def login_router(routes: AuthRoutes) -> Router:
    """Return the one route that needs no credential."""
    responses = describe.shows_openly(_BEGUN) | describe.WITH_BODY | describe.THROTTLED
    log_in = post("/login", status_code=200, summary="Log in", responses=responses)
    return Router("/auth", route_handlers=[log_in(free(routes.log_in))], tags=["auth"])


def router(routes: AuthRoutes) -> Router:
    """Return the other routes."""
    log_out = post("/logout", status_code=204, summary="Log out", opt=needs("read"), responses=describe.GUARDED)
    verify = get("/verify", summary="Who am I?", opt=needs("read"), responses=describe.shows(_VERIFIED))
    change = put(
        "/password",
        status_code=204,
        summary="Change one's password",
        opt=needs("read"),
        responses=describe.GUARDED | describe.WITH_BODY | describe.CONFLICT | describe.THROTTLED,
    )
    sessions = get(
        "/sessions",
        summary="Who is logged in?",
        opt=needs("admin"),
        responses=describe.shows(SessionPage([_SESSION], 1, 50, 0)),
    )
    end = delete(
        "/sessions/{session_id:str}", summary="Log somebody out", opt=needs("admin"), responses=describe.WITH_ID
    )
    handlers = [
        log_out(free(routes.log_out)),
        verify(free(routes.verify)),
        change(free(routes.change_password)),
        sessions(free(routes.sessions)),
        end(free(routes.end)),
    ]
    return Router("/auth", route_handlers=handlers, tags=["auth"])
