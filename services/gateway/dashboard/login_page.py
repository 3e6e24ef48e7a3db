"""The form to log in with, also in the middle of something: a form that could not be sent waits in it."""

import secrets
from datetime import timedelta
from typing import Final

from litestar import Response

from services.gateway.dashboard.forms import LOGIN_COOKIE, Unsent
from services.gateway.dashboard.view import View
from shared.errors import UsherError

_LOGIN_WITHIN: Final = timedelta(hours=1)
_UNAUTHORIZED: Final = 401


def login_page(
    view: View, *, username: str, wanted: str, error: UsherError | None = None, unsent: Unsent | None = None
) -> Response[str]:
    """Return the page, with the token that proves that it is ours."""
    token = secrets.token_urlsafe(24)
    status = error.status if error else _UNAUTHORIZED if unsent else 200
    response = view.page(
        "session/login.html",
        status=status,
        username=username,
        wanted=wanted,
        error=error,
        unsent=unsent,
        csrf=token,
    )
    response.set_cookie(view.cookie(LOGIN_COOKIE, token, lasts=_LOGIN_WITHIN))
    return response
