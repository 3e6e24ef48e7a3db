"""Every failure as `application/problem+json` (RFC 9457): one shape, no stack trace, and no secret in it."""

import http
import math
from typing import Any, Final, Self

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, InternalServerException, MethodNotAllowedException
from litestar.openapi import ResponseSpec
from litestar.openapi.spec import Example
from litestar.types import ExceptionHandlersMap

from services.gateway import faults, trace
from services.gateway.safe_path import safe_path
from shared import errors
from shared.errors import Fault, PermanentError, TransientError, UsherError

MEDIA_TYPE: Final = "application/problem+json"
PATIENCE: Final = 5
"""Seconds that a sender is asked to wait if nothing better is known."""

_ABANDONED: Final = frozenset({408, 413})
"""Statuses given while the sender is still sending: the rest of that connection is not read."""
_SERVER_ERROR: Final = 500
_BAD_REQUEST: Final = 400
_TITLES: Final = {
    kind.status: kind.title
    for kind in (
        errors.InvalidError,
        errors.UnauthorizedError,
        errors.ForbiddenError,
        errors.NotFoundError,
        errors.ConflictError,
        errors.TooLargeError,
        errors.UnsupportedMediaTypeError,
        errors.ThrottledError,
        errors.BadGatewayError,
        errors.TransientError,
        UsherError,
    )
}
_DETAILS: Final = {
    400: "The input is wrong.",
    401: "no valid credential: send X-API-Key, or Authorization: Bearer from POST /api/auth/login",
    403: "this needs a credential with the scope admin",
    404: "there is no event '3f6c': they are kept for 30 days",
    408: "the body was not complete after 5 s",
    409: "this account belongs to another person: merge the two if they are one",
    413: "the body has 70000 bytes, and at most 65536 are taken",
    415: "send the body as application/json",
    429: "too many failed tries, or too many sign-ins open: wait a little",
    502: "plex.tv refused the request (403)",
    503: "the syncer does not answer",
}
"""What the description gives as examples."""
_LITESTAR_CLIENT_GONE: Final = "client disconnected prematurely"

_log = structlog.get_logger()


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """What went wrong, for programs (`status`, `errors`) and for people (`title`, `detail`)."""

    title: str
    status: int
    detail: str
    instance: str = ""
    errors: tuple[Fault, ...] = ()
    trace_id: str | None = None


class ClientGoneError(PermanentError):
    """The client hung up before its request was complete."""

    status = 499
    title = "Client closed the connection"


def handlers() -> ExceptionHandlersMap:
    """Return the exception handlers of the whole application."""
    return {UsherError: _on_usher, HTTPException: on_http, Exception: _on_unexpected}


def title(status: int) -> str:
    """Return the title of a status; errors of ours may have titles of their own."""
    return _TITLES.get(status) or http.HTTPStatus(status).phrase.capitalize()


class SharedSpec(ResponseSpec):
    """What OpenAPI says about an answer, one for all routes: Litestar copies each route with all that it holds."""

    def __deepcopy__(self, _memo: dict[int, Any]) -> Self:
        """Return itself: nobody changes it."""
        return self


def documented(*statuses: int) -> dict[int, ResponseSpec]:
    """Return what OpenAPI says about these statuses."""
    return {
        status: SharedSpec(
            Problem,
            media_type=MEDIA_TYPE,
            description=title(status),
            examples=[Example(value=msgspec.to_builtins(_example(status)))],
            generate_examples=False,
        )
        for status in statuses
    }


def _example(status: int) -> Problem:
    return Problem(
        title=title(status),
        status=status,
        detail=_DETAILS.get(status, title(status)),
        instance="/api/events",
        errors=(Fault("limit", "Expected `int` <= 200"),) if status == _BAD_REQUEST else (),
    )


def encode(problem: Problem) -> bytes:
    """Return the body of the answer."""
    return msgspec.json.encode(problem)


def _on_usher(request: Request[Any, Any, Any], error: UsherError) -> Response[bytes]:
    return _response(_of_usher(error, request), _headers(error))


def on_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """Answer with what Litestar says about a request."""
    if isinstance(error, InternalServerException) and error.detail == _LITESTAR_CLIENT_GONE:
        return _on_usher(request, ClientGoneError("the client hung up in the middle of its request"))
    if error.status_code >= _SERVER_ERROR:
        return _on_unexpected(request, error)
    return _response(_of_http(error, request), error.headers or {})


def _on_unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    trace_id = trace.trace_id(trace.traceparent(request.headers.get("traceparent")))
    _log.error("request_failed", path=_instance(request, error), trace_id=trace_id, exc_info=error)
    problem = Problem(
        title=title(_SERVER_ERROR),
        status=_SERVER_ERROR,
        detail="Something went wrong in here; the log tells more under this trace id.",
        instance=_instance(request, error),
        trace_id=trace_id,
    )
    return _response(problem, {})


def _of_usher(error: UsherError, request: Request[Any, Any, Any]) -> Problem:
    return Problem(
        title=error.title,
        status=error.status,
        detail=error.detail,
        instance=_instance(request, error),
        errors=_complete(error.faults, error.status, error.detail, request),
    )


def _of_http(error: HTTPException, request: Request[Any, Any, Any]) -> Problem:
    status, found = error.status_code, faults.of(error, request.scope.get("route_handler"))
    # Litestar's own text ends in the address with its query, and that may hold a secret.
    detail = "The input is wrong." if error.extra else error.detail.partition(" for path ")[0]
    return Problem(
        title=title(status),
        status=status,
        detail=detail,
        instance=_instance(request, error),
        errors=_complete(found, status, detail, request),
    )


def _complete(found: tuple[Fault, ...], status: int, detail: str, request: Request[Any, Any, Any]) -> tuple[Fault, ...]:
    """Return what is wrong; of bad input at least that it is wrong as a whole."""
    return found or (faults.whole(request.method, detail) if status == _BAD_REQUEST else ())


def _headers(error: UsherError) -> dict[str, str]:
    headers = {}
    if isinstance(error, TransientError):
        asked = error.retry_after
        headers["Retry-After"] = str(PATIENCE if asked is None else math.ceil(asked.total_seconds()))
    if error.status in _ABANDONED:
        headers["Connection"] = "close"
    if error.status == http.HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return headers


def _instance(request: Request[Any, Any, Any], error: Exception) -> str:
    is_route = "path_template" in request.scope or isinstance(error, MethodNotAllowedException)
    return safe_path(request.scope["path"], is_route=is_route)


def _response(problem: Problem, headers: dict[str, str]) -> Response[bytes]:
    return Response(encode(problem), status_code=problem.status, media_type=MEDIA_TYPE, headers=headers)
