"""Failures as pages: what went wrong, how to mend it, and the way back. Who is not logged in is asked to."""

import http
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode

import structlog
from litestar import Request, Response
from litestar.datastructures import Cookie
from litestar.exceptions import HTTPException
from litestar.response import Redirect
from litestar.types import ExceptionHandlersMap

from services.gateway import problems, trace
from services.gateway.dashboard.forms import unsent_of
from services.gateway.dashboard.login_page import login_page
from services.gateway.dashboard.view import Dashboard, View
from services.gateway.edge import CSP
from services.gateway.safe_path import safe_path
from shared.errors import TransientError, UnauthorizedError, UsherError

Handle = Callable[[Request[Any, Any, Any], HTTPException], Response[Any]]
_SERVER_ERROR: Final = 500
_FOR_PROGRAMS: Final = ("/api/", "/webhooks/", "/discord/", "/docs/")
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""The content security policy of all pages."""
_TEXTS: Final = frozenset({400, 403, 404, 405, 409, 413, 415, 429, 500, 502, 503})
"""Statuses that have a text of their own."""

_log = structlog.get_logger()


def handlers(dashboard: Dashboard) -> ExceptionHandlersMap:
    """Return the exception handlers of all pages."""

    def on_usher(request: Request[Any, Any, Any], error: UsherError) -> Response[Any]:
        if isinstance(error, UnauthorizedError):
            return _ask_to_log_in(dashboard, request)
        wait = {"Retry-After": str(problems.PATIENCE)} if isinstance(error, TransientError) else {}
        return _page(dashboard, request, error.status, error.detail, wait)

    def on_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
        if error.status_code >= _SERVER_ERROR:
            return on_unexpected(request, error)
        return _page(dashboard, request, error.status_code, "", error.headers or {})

    def on_unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        trace_id = trace.trace_id(trace.traceparent(request.headers.get("traceparent")))
        _log.error("page_failed", path=safe_path(request.scope["path"]), trace_id=trace_id, exc_info=error)
        return _page(dashboard, request, _SERVER_ERROR, f"trace {trace_id}", {})

    return {UsherError: on_usher, HTTPException: on_http, Exception: on_unexpected}


def not_found(dashboard: Dashboard, otherwise: Handle) -> Handle:
    """Return the handler for addresses that lead nowhere: a page for a browser, and what programs get otherwise."""

    def handle(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
        is_page = "path_template" not in request.scope and "text/html" in request.headers.get("accept", "")
        if is_page and request.method == "GET" and not request.scope["path"].startswith(_FOR_PROGRAMS):
            return _page(dashboard, request, error.status_code, "", {})
        return otherwise(request, error)

    return handle


def _page(
    dashboard: Dashboard, request: Request[Any, Any, Any], status: int, detail: str, headers: dict[str, str]
) -> Response[str]:
    view = View(dashboard, request)
    known = status if status in _TEXTS else _SERVER_ERROR if status >= _SERVER_ERROR else http.HTTPStatus.BAD_REQUEST
    response = view.page("error.html", status=status, code=int(known), detail=detail)
    response.headers |= {CSP: POLICY, **headers}  # a router's own headers are for what its routes return
    return response


def _ask_to_log_in(dashboard: Dashboard, request: Request[Any, Any, Any]) -> Response[Any]:
    """Go to the log-in. What was typed into a form whose session has ended is kept through it."""
    wanted = request.scope["path"]
    if request.method != "GET":
        wanted = "/"
    elif query := request.scope["query_string"].decode("latin-1"):
        wanted = f"{wanted}?{query}"
    if unsent := unsent_of(request):
        return login_page(View(dashboard, request), username="", wanted="/", unsent=unsent)
    target = f"{dashboard.base}/login"
    if wanted != "/":
        target += f"?{urlencode({'next': wanted})}"
    if "hx-request" in request.headers:
        return Response("", status_code=200, media_type="text/html", headers={"HX-Redirect": target})
    return Redirect(target, status_code=303, cookies=list[Cookie]())
