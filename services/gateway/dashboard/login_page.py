"""The form to log in with, also in the middle of something: a form that could not be sent waits in it."""

import secrets
from datetime import timedelta
from typing import Any, Final

from litestar import Response

from services.gateway.dashboard.forms import LOGIN_COOKIE, Unsent
from services.gateway.dashboard.view import View
from shared.errors import UsherError

_LOGIN_WITHIN: Final = timedelta(hours=1)
_UNAUTHORIZED: Final = 401


def login_page(
    view: View, *, username: str, wanted: str, error: UsherError | None = None, unsent: Unsent | None = None
) -> Response[str]:
    """Return the page to log in on."""
    status = error.status if error else _UNAUTHORIZED if unsent else 200
    return open_page(
        view, "session/login.html", status=status, username=username, wanted=wanted, error=error, unsent=unsent
    )


def open_page(view: View, template: str, *, status: int = 200, **values: Any) -> Response[str]:
    """Return a page for whoever is not logged in, with the token that proves that its forms are ours."""
    token = secrets.token_urlsafe(24)
    response = view.page(template, status=status, csrf=token, **values)
    response.set_cookie(view.cookie(LOGIN_COOKIE, token, lasts=_LOGIN_WITHIN))
    return response
