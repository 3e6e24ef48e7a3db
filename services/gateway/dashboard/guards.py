"""Who may open which page: whoever is logged in, with the scope that the page says (`opt=needs("read")`)."""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler
from litestar.types import Guard

from services.gateway.access.authenticator import Authenticator
from services.gateway.access.session_cookie import session_in
from services.gateway.api.guards import CALLER, OWN, SCOPE
from services.gateway.dashboard import forms
from services.gateway.peer import address
from shared.errors import ForbiddenError, UnauthorizedError


def requires_login(authenticator: Authenticator) -> Guard:
    """Return a guard that lets in whoever has a session with the page's scope.

    Raises `UnauthorizedError`, `ForbiddenError` or `UnavailableError`.
    """

    async def check(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        session = session_in(connection.scope["headers"])
        try:
            caller = await authenticator.authenticate(session, address=address(connection))
        except UnauthorizedError:
            await forms.keep_unsent(connection)
            raise
        is_own = handler.opt.get(OWN, False) and caller.person_id is not None
        if not (caller.may(handler.opt.get(SCOPE, "admin")) or is_own):
            raise ForbiddenError("your account may not open this page")
        connection.scope["state"][CALLER] = caller

    return check
