"""Every failure as `application/problem+json` (RFC 9457): one shape, no stack trace, and no secret in it."""

import http
import math
from typing import Any, Final

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, InternalServerException
from litestar.openapi import ResponseSpec
from litestar.types import ExceptionHandlersMap

from services.gateway import trace
from shared.errors import Fault, PermanentError, TransientError, UsherError

MEDIA_TYPE: Final = "application/problem+json"
PATIENCE: Final = 5
"""Seconds that a sender is asked to wait where nothing better is known."""

_ABANDONED: Final = frozenset({408, 413})
"""Statuses given while the sender is still sending: what follows on that connection is not worth reading."""
_SERVER_ERROR: Final = 500
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
    """The client hung up before its request was complete: nobody is left to answer."""

    status = 499
    title = "Client closed the connection"


def handlers() -> ExceptionHandlersMap:
    """Return the exception handlers of the whole application."""
    return {UsherError: _on_usher, HTTPException: _on_http, Exception: _on_unexpected}


def documented(*statuses: int) -> dict[int, ResponseSpec]:
    """Return what OpenAPI says of these statuses."""
    return {
        status: ResponseSpec(
            Problem, media_type=MEDIA_TYPE, description=http.HTTPStatus(status).phrase, generate_examples=False
        )
        for status in statuses
    }


def encoded(problem: Problem) -> bytes:
    """Return the body of the answer."""
    return msgspec.json.encode(problem)


def _on_usher(request: Request[Any, Any, Any], error: UsherError) -> Response[bytes]:
    return _response(_of_usher(error, _instance(request)), _headers(error))


def _on_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    if isinstance(error, InternalServerException) and error.detail == _LITESTAR_CLIENT_GONE:
        return _on_usher(request, ClientGoneError("the client hung up in the middle of its request"))
    if error.status_code >= _SERVER_ERROR:
        return _on_unexpected(request, error)
    return _response(_of_http(error, _instance(request)), error.headers or {})


def _on_unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    trace_id = trace.trace_id(trace.traceparent(request.headers.get("traceparent")))
    _log.error("request_failed", path=_instance(request), trace_id=trace_id, exc_info=error)
    problem = Problem(
        title="Internal error",
        status=_SERVER_ERROR,
        detail="Something went wrong in here; the log tells more under this trace id.",
        instance=_instance(request),
        trace_id=trace_id,
    )
    return _response(problem, {})


def _of_usher(error: UsherError, instance: str) -> Problem:
    return Problem(title=error.title, status=error.status, detail=error.detail, instance=instance, errors=error.faults)


def _of_http(error: HTTPException, instance: str) -> Problem:
    phrase = http.HTTPStatus(error.status_code).phrase
    faults = _faults(error.extra)
    # Litestar's own text ends in the address with its query, and that may hold a secret.
    detail = "The input is wrong." if faults else error.detail.partition(" for path ")[0]
    return Problem(title=phrase, status=error.status_code, detail=detail, instance=instance, errors=faults)


def _faults(extra: object) -> tuple[Fault, ...]:
    if not isinstance(extra, list):
        return ()
    return tuple(
        Fault(path=str(entry.get("key", "")), message=str(entry.get("message", "")))
        for entry in extra
        if isinstance(entry, dict)
    )


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


def _instance(request: Request[Any, Any, Any]) -> str:
    """Return the path without what may be a secret in it: the last part of `/webhooks/{source}/{secret}`."""
    path: str = request.scope["path"]
    return "/".join(path.split("/", 3)[:3]) if path.startswith("/webhooks/") else path


def _response(problem: Problem, headers: dict[str, str]) -> Response[bytes]:
    return Response(encoded(problem), status_code=problem.status, media_type=MEDIA_TYPE, headers=headers)
