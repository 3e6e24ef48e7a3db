"""Exception handlers that record refused webhooks: a wrong method or address never reaches the webhook routes."""

from collections.abc import Callable
from typing import Any, Final, Protocol

from litestar import Request, Response
from litestar.types import ExceptionHandlersMap

from services.gateway import edge, peer
from services.gateway.refusals.reasons import Reason, reason_of
from shared.errors import UsherError
from shared.logs import redact_text
from shared.schemas.webhook_senders import SOURCES

UNKNOWN: Final = "unknown"
_WEBHOOKS: Final = "webhooks"
_LONGEST: Final = 200

AnyRequest = Request[Any, Any, Any]


class RecordRefusal(Protocol):
    """Records a refusal."""

    def __call__(self, source: str, reason: Reason, *, address: str, detail: str) -> None: ...


def record_refusals(handlers: ExceptionHandlersMap, record: RecordRefusal) -> ExceptionHandlersMap:
    """Return exception handlers that answer like these, and record what is refused to senders of webhooks."""
    return {kind: _recording(handler, record) for kind, handler in handlers.items()}


def _recording(
    handler: Callable[[AnyRequest, Any], Response[Any]], record: RecordRefusal
) -> Callable[[AnyRequest, Any], Response[Any]]:
    def handle(request: AnyRequest, error: Exception) -> Response[Any]:
        response = handler(request, error)
        source = source_of(request.scope["path"])
        reason = None if source is None else reason_of(error, response.status_code)
        if source is not None and reason is not None:
            record(source, reason, address=peer.address(request), detail=_detail(request, reason, error))
        return response

    return handle


def source_of(path: str) -> str | None:
    """Return the source whose webhooks a path is meant for, even if it is misspelt; None for any other path.

    A prefix may stand before it: the path of a proxy that Usher does not know of, or `/api`.
    """
    parts = [part.lower() for part in path.split("/") if part]
    if _WEBHOOKS not in parts:
        return None
    position = parts.index(_WEBHOOKS)
    found = next((part for part in parts[position + 1 : position + 2] if part in SOURCES), None)
    return UNKNOWN if found is None and position == 0 else found


def _detail(request: AnyRequest, reason: Reason, error: Exception) -> str:
    """Return our words for it: Litestar's own may contain the address, and with it a secret."""
    if reason == "method":
        return _method(request)
    return redact_text(error.detail)[:_LONGEST] if isinstance(error, UsherError) else "it is not HTTP as we read it"


def _method(request: AnyRequest) -> str:
    if edge.is_head(request.scope):
        return "HEAD"
    return request.method if request.method in edge.METHODS else "a method of its own"
