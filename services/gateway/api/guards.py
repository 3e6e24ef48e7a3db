"""Who may call which route: it says what scope it needs (`opt=needs("read")`), and without a word it needs admin."""

from datetime import timedelta
from typing import Any, Final

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.exceptions import MethodNotAllowedException
from litestar.handlers.base import BaseRouteHandler

from services.gateway import parameters
from services.gateway.access.caller import Caller, presented
from services.gateway.access.doorman import Doorman
from services.gateway.access.scopes import Scope
from services.gateway.edge import is_head
from services.gateway.peer import address
from services.gateway.readiness import Preparation
from shared.errors import ForbiddenError, UnsupportedMediaTypeError

AnyConnection = ASGIConnection[Any, Any, Any, Any]
_SCOPE: Final = "scope"
_CALLER: Final = "caller"


def needs(scope: Scope, *, endless: bool = False, within: timedelta | None = None) -> dict[str, Any]:
    """Return the `opt` of a route; an endless one has no deadline, one that waits for others may have a later one."""
    return {_SCOPE: scope, "endless": endless, "within": within}


def caller(request: Request[Any, Any, Any]) -> Caller:
    """Return who calls a guarded route."""
    found: Caller = request.scope["state"][_CALLER]
    return found


class Guard:
    """Lets nobody in before all is prepared, nobody without a valid credential, nobody further than his scopes."""

    def __init__(self, doorman: Doorman, preparation: Preparation) -> None:
        self._doorman = doorman
        self._preparation = preparation

    async def check(self, connection: AnyConnection, handler: BaseRouteHandler) -> None:
        """Raise `UnavailableError`, `UnauthorizedError` or `ForbiddenError`."""
        self._preparation.require()
        wanted: Scope = handler.opt.get(_SCOPE, "admin")
        found = await self._doorman.caller(presented(connection.scope["headers"]), address=address(connection))
        if not found.may(wanted):
            raise ForbiddenError(f"this needs a credential with the scope {wanted}")
        connection.scope["state"][_CALLER] = found

    async def check_prepared(self, _connection: AnyConnection, _handler: BaseRouteHandler) -> None:
        """Raise `UnavailableError` before Usher is prepared."""
        self._preparation.require()


async def reads_only(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """Raise 405 for a HEAD of what needs the scope `write`: that does something, and be it at a GET."""
    if is_head(connection.scope) and handler.opt.get(_SCOPE) == "write":
        raise MethodNotAllowedException(headers={"Allow": "GET, OPTIONS"})


async def knows_query(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """Raise `InvalidError` for a query with parameters that the route does not take, or twice the same."""
    parameters.check_query(handler, connection.scope["query_string"])


def reads_json(connection: AnyConnection, _handler: BaseRouteHandler) -> None:
    """Raise `UnsupportedMediaTypeError` for a body that says it is something other than JSON."""
    headers = connection.headers
    if headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
        return
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise UnsupportedMediaTypeError("send the body as application/json")
