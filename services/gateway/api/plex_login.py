"""`/api/auth/plex`: coming in by signing in with Plex."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

import msgspec
from litestar import Controller, Request, post
from litestar.di import NamedDependency
from litestar.openapi.spec import Example
from litestar.params import Body
from msgspec import Meta

from services.gateway import problems
from services.gateway.access.plex_login import PlexLogin
from services.gateway.api import describe
from services.gateway.peer import address
from shared.schemas.signins import PATIENT, Pin, Status

_AT: Final = datetime(2026, 1, 31, 18, 0, tzinfo=UTC)
_WITHIN: Final = PATIENT + timedelta(seconds=2)


class PlexCheck(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which sign-in."""

    pin_id: Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[0-9a-z]+$")]

    def __repr__(self) -> str:
        return "PlexCheck(***)"


class PlexSession(msgspec.Struct, frozen=True, kw_only=True):
    """How a sign-in stands; the token of its session is shown once, at the first look after it was authorized."""

    status: Status
    reason: str | None
    token: str | None
    expires_at: datetime | None


_PIN: Final = Pin(
    pin_id="5m2kx8wq…", code="tq7x…", url="https://app.plex.tv/auth#?code=tq7x…", short_code="4KXW", expires_at=_AT
)
_LET_IN: Final = PlexSession(status="authorized", reason=None, token="ushs_nHo5…", expires_at=_AT)  # noqa: S106 (an example)
_CHECK: Final = Body(examples=[Example(value={"pin_id": "5m2kx8wq"})])
_BEGUN: Final = describe.shows_openly(_PIN) | problems.documented(400, 429, 502, 503)
_STANDS: Final = describe.shows_openly(_LET_IN) | describe.WITH_BODY | problems.documented(400, 404, 502, 503)


class PlexLoginController(Controller):
    """Needs no credential. Whoever begins a sign-in is the only one to know its `pin_id`, and keeps it."""

    path, tags = "/auth/plex", ("auth",)
    opt = {"within": _WITHIN}  # noqa: RUF012 (Litestar's own)

    @post("/", status_code=200, summary="Begin to sign in with Plex", responses=_BEGUN)
    async def begin_sign_in(self, request: Request[Any, Any, Any], plex_login: NamedDependency[PlexLogin]) -> Pin:
        """Begin a sign-in of one's own; 429 with `Retry-After` after too many from one address.

        Open `url` and sign in there, or type `short_code` at plex.tv/link; then ask `check`.
        """
        return await plex_login.begin(address=address(request))

    @post("/check", status_code=200, summary="How does it stand?", responses=_STANDS)
    async def check_sign_in(
        self,
        request: Request[Any, Any, Any],
        plex_login: NamedDependency[PlexLogin],
        data: Annotated[PlexCheck, _CHECK],
    ) -> PlexSession:
        """Return how it stands and, once, the token of a session with the scope `self`.

        The account is linked to its person. One that Usher does not know, and that reaches none of the enabled servers,
        is `refused`, and `reason` says why.
        """
        state = await plex_login.check(data.pin_id, address=address(request))
        session = state.session
        return PlexSession(
            status=state.status,
            reason=state.reason,
            token=None if session is None else session.token.reveal(),
            expires_at=None if session is None else session.expires_at,
        )
