"""Who may call which route: it says what scope it needs (`opt=needs("read")`), and admin where it says nothing."""

from datetime import timedelta
from typing import Any, Final

from litestar.connection import ASGIConnection
from litestar.exceptions import MethodNotAllowedException
from litestar.handlers.base import BaseRouteHandler
from litestar.types import Guard

from services.gateway import parameters
from services.gateway.access.authenticator import Authenticator
from services.gateway.access.caller import credential_in
from services.gateway.access.scopes import Scope
from services.gateway.access.session_cookie import CSRF_HEADER, is_csrf_token, session_in
from services.gateway.edge import is_head
from services.gateway.peer import address
from services.gateway.readiness import Preparation
from shared.errors import ForbiddenError, UnsupportedMediaTypeError

AnyConnection = ASGIConnection[Any, Any, Any, Any]
CALLER: Final = "caller"
AUDITS: Final = "audits"
SCOPE: Final = "scope"
OWN: Final = "own"


def needs(
    scope: Scope,
    *,
    own: bool = False,
    audits: str | None = None,
    endless: bool = False,
    within: timedelta | None = None,
) -> dict[str, Any]:
    """Return the `opt` of a route.

    With `own`, it is also open to every credential that belongs to a person, for what is theirs. The handler must let
    them reach nothing else (`Caller.act_for`, `Caller.see_only`).
    `audits` is the action that its handler notes in the audit. An endless route has no deadline; one that waits for
    other systems may have a later one.
    """
    return {SCOPE: scope, OWN: own, AUDITS: audits, "endless": endless, "within": within}


def requires_preparation(preparation: Preparation) -> Guard:
    """Return a guard that raises `UnavailableError` until Usher is prepared."""

    async def check(_connection: AnyConnection, _handler: BaseRouteHandler) -> None:
        preparation.require()

    return check


def requires_scope(authenticator: Authenticator) -> Guard:
    """Return a guard that lets in who has a valid credential with the route's scope.

    Raises `UnauthorizedError`, `ForbiddenError` or `UnavailableError`.
    """

    async def check(connection: AnyConnection, handler: BaseRouteHandler) -> None:
        wanted: Scope = handler.opt.get(SCOPE, "admin")
        credential = credential_in(connection.scope["headers"]) or _session_of_page(connection, wanted)
        caller = await authenticator.authenticate(credential, address=address(connection))
        is_own = handler.opt.get(OWN, False) and caller.person_id is not None
        if not (caller.may(wanted) or is_own):
            raise ForbiddenError(f"this needs a credential with the scope {wanted}")
        connection.scope["state"][CALLER] = caller

    return check


def _session_of_page(connection: AnyConnection, wanted: Scope) -> str | None:
    """Return the session of a browser's cookie. For what may change something, it needs a CSRF token beside it."""
    headers = connection.scope["headers"]
    session = session_in(headers)
    is_read = connection.scope.get("method") == "GET" and wanted != "write"
    if session is None or is_read:
        return session
    given = next((value.decode("latin-1") for name, value in headers if name == CSRF_HEADER), "")
    if not is_csrf_token(given, session):
        raise ForbiddenError("with the cookie of a session, a change needs the header X-CSRF-Token")
    return session


async def reads_only(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """Raise 405 for a HEAD of what needs the scope `write`: that does something, even at a GET."""
    if is_head(connection.scope) and handler.opt.get(SCOPE) == "write":
        raise MethodNotAllowedException(headers={"Allow": "GET, OPTIONS"})


async def knows_query(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """Raise `InvalidError` for a query with parameters that the route does not take, or twice the same."""
    parameters.check_query(handler, connection.scope["query_string"])


async def reads_json(connection: AnyConnection, _handler: BaseRouteHandler) -> None:
    """Raise `UnsupportedMediaTypeError` for a body that says it is something other than JSON."""
    headers = connection.headers
    if headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
        return
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise UnsupportedMediaTypeError("send the body as application/json")
