"""`/login`, `/logout`, `/account` and the choice of light or dark."""

from datetime import timedelta
from types import NoneType
from typing import Annotated, Any, Final

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Redirect

from services.gateway.access.caller import Caller
from services.gateway.access.login import LIFETIME, Login
from services.gateway.access.session_cookie import NAME, csrf_token
from services.gateway.api.auth import Credentials
from services.gateway.api.guards import needs
from services.gateway.dashboard.forms import LOGIN_COOKIE, Form, resumed
from services.gateway.dashboard.internal_api import InternalApi
from services.gateway.dashboard.login_page import login_page
from services.gateway.dashboard.view import THEMES, View, faults_of
from services.gateway.peer import address
from shared.errors import Fault, InvalidError, ThrottledError, UnauthorizedError
from shared.schemas.secret import Secret

_MOST_NEXT: Final = 2000
Next = Annotated[str, QueryParameter(max_length=_MOST_NEXT)]


def local_path(wanted: str) -> str:
    """Return the page to go on to: one of ours, whatever the address says."""
    is_ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable()
    return wanted if is_ours else "/"


class LoginController(Controller):
    """The pages that need no session."""

    include_in_schema = False

    @get("/login")
    async def show_login(self, view: NamedDependency[View], next: Next = "/") -> Response[str]:  # noqa: A002 (the address's name)
        """Show the form."""
        return login_page(view, username="", wanted=local_path(next))

    @post("/login", status_code=200)
    async def log_in(
        self,
        request: Request[Any, Any, Any],
        view: NamedDependency[View],
        form: NamedDependency[Form],
        login: NamedDependency[Login],
    ) -> Response[Any]:
        """Begin a session, and go on to the page that was wanted."""
        wanted, username, unsent = local_path(form.text("next")), form.text("username"), resumed(form)
        try:
            typed = _credentials(form)
            issued = await login.log_in(typed.username, Secret(typed.password), address=address(request))
        except (UnauthorizedError, ThrottledError) as exc:
            return login_page(view, username=username, wanted=wanted, error=exc, unsent=unsent)
        cookies = [
            view.cookie(NAME, issued.token.reveal(), lasts=LIFETIME),
            view.cookie(LOGIN_COOKIE, "", lasts=timedelta(0)),
        ]
        if unsent:
            return view.page(
                "session/resume.html",
                path=local_path(unsent.path),
                unsent=unsent,
                csrf=csrf_token(issued.token.reveal()),
                cookies=cookies,
            )
        path, _, query = wanted.partition("?")
        return view.go_to(path, query, cookies=cookies)


class AccountController(Controller):
    """The pages of one's own session."""

    include_in_schema = False

    @post("/logout", opt=needs("self"))
    async def log_out(self, view: NamedDependency[View], api: NamedDependency[InternalApi]) -> Redirect:
        """End the session, here and in all tabs."""
        await api.post("/auth/logout", NoneType)
        return view.go("/login", view.say("session.logged_out"), cookies=[view.cookie(NAME, "", lasts=timedelta(0))])

    @get("/account", opt=needs("self"))
    async def show_account(self, view: NamedDependency[View], caller: NamedDependency[Caller]) -> Response[str]:
        """Show who is logged in, and the form for another password."""
        return view.page(
            "session/account.html", name=caller.shown_name, has_password=caller.has_password, faults={}, detail=""
        )

    @post("/account/password", opt=needs("self"), status_code=200)
    async def change_password(
        self,
        view: NamedDependency[View],
        form: NamedDependency[Form],
        api: NamedDependency[InternalApi],
        caller: NamedDependency[Caller],
    ) -> Response[Any]:
        """Change the password; other sessions end."""
        body = {name: form.typed(name) for name in ("current_password", "new_password")}
        try:
            _check_repeated(form, view)
            await api.put("/auth/password", NoneType, body)
        except (InvalidError, ThrottledError) as exc:
            return view.page(
                "session/account.html",
                status=exc.status,
                name=caller.shown_name,
                has_password=caller.has_password,
                faults=faults_of(exc),
                detail="" if exc.faults else exc.detail,
            )
        return view.go("/account", view.say("session.password_changed"))

    @post("/theme", opt=needs("self"))
    async def choose_theme(self, view: NamedDependency[View], form: NamedDependency[Form]) -> Redirect:
        """Keep the choice in this browser."""
        chosen = form.text("theme")
        if chosen not in THEMES:
            raise InvalidError(f"a theme is one of {', '.join(THEMES)}")
        path, _, query = local_path(form.text("next")).partition("?")
        return view.go_to(path, query, cookies=[view.theme_cookie(chosen)])


def _credentials(form: Form) -> Credentials:
    """Return what was typed; raises `UnauthorizedError` for what the API would not take either: nobody has that."""
    try:
        return msgspec.convert({"username": form.text("username"), "password": form.typed("password")}, Credentials)
    except msgspec.ValidationError as exc:
        raise UnauthorizedError("the username or the password is wrong") from exc


def _check_repeated(form: Form, view: View) -> None:
    if form.typed("new_password") != form.typed("repeated"):
        raise InvalidError("", faults=(Fault("repeated", view.say("session.not_the_same")),))
