"""Answers without the application: before a request is complete, or when there are too many."""

from typing import Final

from litestar.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from services.gateway import faults, problems
from services.gateway.problems import Problem
from services.gateway.safe_path import safe_path

CROWDED: Final = "too many connections or calls at once: try again in a moment"
_BAD_REQUEST: Final = 400
_UNAVAILABLE: Final = 503


def answer(status: int, detail: str, path: str) -> bytes:
    """Return a whole answer, after which the connection is closed."""
    body = _body(status, detail, path)
    head = f"content-type: {problems.MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n"
    patience = f"retry-after: {problems.PATIENCE}\r\n" if status == _UNAVAILABLE else ""
    return STATUS_LINE[status] + head.encode() + patience.encode() + b"\r\n" + body


async def refuse_crowd(scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer in the application's place."""
    body = _body(_UNAVAILABLE, CROWDED, scope["path"])
    headers = [
        (b"content-type", problems.MEDIA_TYPE.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"retry-after", b"%d" % problems.PATIENCE),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": _UNAVAILABLE, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _body(status: int, detail: str, path: str) -> bytes:
    errors = faults.whole("", detail) if status == _BAD_REQUEST else ()
    return problems.encode(
        Problem(title=problems.title(status), status=status, detail=detail, instance=safe_path(path), errors=errors)
    )
