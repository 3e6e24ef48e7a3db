"""`/login/plex`: coming in by signing in with Plex. The sign-in stays in the browser that began it, in a cookie."""

from datetime import datetime, timedelta
from typing import Any, Final

from litestar import Controller, Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency

from services.gateway.access.login import LIFETIME, IssuedSession
from services.gateway.access.plex_login import GRACE, PlexLogin
from services.gateway.access.session_cookie import NAME
from services.gateway.dashboard.forms import LOGIN_COOKIE
from services.gateway.dashboard.login_page import login_page, open_page
from services.gateway.dashboard.view import View
from services.gateway.peer import address
from shared.errors import BadGatewayError, ConflictError, NotFoundError, TransientError
from shared.schemas.signins import PATIENT

PLEX_COOKIE: Final = "usher_plex_login"
_FIRST_PAGE: Final = "/integrations"
_OVER: Final = timedelta(0)
_REFUSALS: Final = (BadGatewayError, ConflictError, TransientError)


class PlexLoginPage(Controller):
    """Needs no session. Only a form of ours begins a sign-in, so no link leads into somebody else's account."""

    path = "/login/plex"
    opt = {"within": PATIENT * 2}  # noqa: RUF012 (Litestar's own)

    @post("/", status_code=200)
    async def begin(
        self,
        request: Request[Any, Any, Any],
        view: NamedDependency[View],
        plex_login: NamedDependency[PlexLogin],
        now: NamedDependency[datetime],
    ) -> Response[Any]:
        """Begin a sign-in, and go to the page that waits for it."""
        try:
            pin = await plex_login.begin(address=address(request))
        except _REFUSALS as exc:
            return login_page(view, username="", wanted="/", error=exc)
        lasts = max(pin.expires_at + GRACE - now, GRACE)
        return view.go("/login/plex", cookies=[view.cookie(PLEX_COOKIE, pin.pin_id, lasts=lasts)])

    @get("/")
    async def show(
        self, request: Request[Any, Any, Any], view: NamedDependency[View], plex_login: NamedDependency[PlexLogin]
    ) -> Response[Any]:
        """Show the code until it was used, then log in; asked by the waiting page itself, answer only what is over."""
        is_waiting_page, pin_id = "hx-request" in request.headers, view.kept(PLEX_COOKIE)
        go = view.lead if is_waiting_page else view.go
        try:
            pin = await plex_login.begun(pin_id)
        except NotFoundError:
            return go("/login", cookies=[view.cookie(PLEX_COOKIE, "", lasts=_OVER)])
        try:
            state = await plex_login.check(pin_id, address=address(request))
        except NotFoundError:
            return go("/login", cookies=[view.cookie(PLEX_COOKIE, "", lasts=_OVER)])
        except TransientError as exc:
            if is_waiting_page:
                return Response("", status_code=204)
            return open_page(view, "session/plex.html", status=exc.status, pin=pin, state=None, error=exc)
        if state.status == "authorized":
            return go(_FIRST_PAGE, cookies=_let_in(view, state.session))
        if state.status == "pending" and is_waiting_page:
            return Response("", status_code=204)
        return open_page(view, "session/plex.html", pin=pin, state=state, error=None)


def _let_in(view: View, session: IssuedSession | None) -> list[Cookie]:
    """Return the cookies of somebody who is logged in; another tab may have been the first to see that they are."""
    own = [] if session is None else [view.cookie(NAME, session.token.reveal(), lasts=LIFETIME)]
    return [*own, view.cookie(PLEX_COOKIE, "", lasts=_OVER), view.cookie(LOGIN_COOKIE, "", lasts=_OVER)]
