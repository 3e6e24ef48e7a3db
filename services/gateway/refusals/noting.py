"""Sees every webhook that is refused, wherever in the application: a wrong method and address never reach the door."""

from collections.abc import Callable
from typing import Any, Final, Protocol

from litestar import Request, Response
from litestar.types import ExceptionHandlersMap

from services.gateway import edge, peer
from services.gateway.refusals.reasons import Reason, reason_of
from shared.errors import UsherError
from shared.logs import redact_text
from shared.schemas.webhooks import SOURCES

UNKNOWN: Final = "unknown"
_WEBHOOKS: Final = "webhooks"
_LONGEST: Final = 200

AnyRequest = Request[Any, Any, Any]


class Note(Protocol):
    """Keeps a refusal."""

    def __call__(self, source: str, reason: Reason, *, address: str, detail: str) -> None: ...


def noting(handlers: ExceptionHandlersMap, note: Note) -> ExceptionHandlersMap:
    """Return exception handlers that answer as these do, and note what is refused to senders of webhooks."""
    return {kind: _noting(handler, note) for kind, handler in handlers.items()}


def _noting(
    handler: Callable[[AnyRequest, Any], Response[Any]], note: Note
) -> Callable[[AnyRequest, Any], Response[Any]]:
    def handle(request: AnyRequest, error: Exception) -> Response[Any]:
        response = handler(request, error)
        source = source_of(request.scope["path"])
        reason = None if source is None else reason_of(error, response.status_code)
        if source is not None and reason is not None:
            note(source, reason, address=peer.address(request), detail=_detail(request, reason, error))
        return response

    return handle


def source_of(path: str) -> str | None:
    """Return whose webhook an address is for, also where it is written wrongly; None where it is for none.

    Something may stand before it: the path of a proxy that Usher was not told of, or `/api`.
    """
    parts = [part.lower() for part in path.split("/") if part]
    if _WEBHOOKS not in parts:
        return None
    position = parts.index(_WEBHOOKS)
    found = next((part for part in parts[position + 1 : position + 2] if part in SOURCES), None)
    return UNKNOWN if found is None and position == 0 else found


def _detail(request: AnyRequest, reason: Reason, error: Exception) -> str:
    """Return what we say of it. What Litestar says may hold the address, and with it a secret."""
    if reason == "method":
        return _method(request)
    return redact_text(error.detail)[:_LONGEST] if isinstance(error, UsherError) else "it is not HTTP as we read it"


def _method(request: AnyRequest) -> str:
    if edge.is_head(request.scope):
        return "HEAD"
    return request.method if request.method in edge.METHODS else "a method of its own"
