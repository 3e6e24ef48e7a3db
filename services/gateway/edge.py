"""The outermost layer: the headers of every answer, and the figures of every call.

Routes see a HEAD as a GET, and its answer goes out without a body. A route whose GET changes something refuses HEAD
(`is_head`).
"""

import time
from typing import Any, Final

from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import Counter, Histogram

CSP: Final = "content-security-policy"
_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_NOTHING: Final = (CSP.encode(), b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
_NO_STORE: Final = (b"cache-control", b"no-store")
_UNMATCHED: Final = "unmatched"
_HEAD: Final = "usher.head"
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

CALLS = Counter("usher_http_requests_total", "Calls answered", ["method", "route", "status"])
CALL_SECONDS = Histogram(
    "usher_http_request_seconds",
    "Time from a call's beginning to the end of its answer",
    ["route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
)


class Edge:
    """Wraps the application, which speaks HTTP only. Calls are counted by route template, of which there are few."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given: Any = scope
        method: str = given["method"]
        asked: Any = {**given, "method": "GET", _HEAD: True} if method == "HEAD" else given
        answered = _HeaderSend(send) if asked is given else _HeaderSend(_BodilessSend(send), allows_head=False)
        began = time.perf_counter()
        try:
            await self._app(asked, _DisconnectReceive(receive, answered), answered)
        finally:
            _count(asked, method, answered.status, time.perf_counter() - began)


def is_head(scope: Any) -> bool:
    """Say whether a GET came in as a HEAD."""
    return _HEAD in scope


class _BodilessSend:
    """Ends an answer before its body; the server then tells the application that nobody listens."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._is_over = False

    async def __call__(self, message: Message) -> None:
        if message["type"] != "http.response.body":
            await self._send(message)
        elif not self._is_over:
            self._is_over = True
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})


class _HeaderSend:
    """Adds headers to an answer and remembers its status."""

    def __init__(self, send: Send, *, allows_head: bool = True) -> None:
        self._send = send
        self._allows_head = allows_head
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = map(_with_head, message["headers"]) if self._allows_head else message["headers"]
            message["headers"] = [*headers, *_missing(message["headers"])]
        await self._send(message)


class _DisconnectReceive:
    """Once the answer has begun, tells the application only that the client has left.

    Litestar's streams wait for that, and recurse once for each piece of a body that comes instead.
    """

    def __init__(self, receive: Receive, answered: _HeaderSend) -> None:
        self._receive = receive
        self._answered = answered

    async def __call__(self) -> Any:
        message = await self._receive()
        while self._answered.status and message["type"] != "http.disconnect":
            message = await self._receive()
        return message


def _missing(headers: Any) -> list[tuple[bytes, bytes]]:
    names = {name for name, _ in headers}
    return [*_HEADERS, *(each for each in (_NOTHING, _NO_STORE) if each[0] not in names)]


def _with_head(header: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    """Return a header, with HEAD where it allows GET."""
    name, value = header
    return (name, value + b", HEAD") if name == b"allow" and b"GET" in value else header


def _count(scope: Any, method: str, status: int, seconds: float) -> None:
    route = scope.get("path_template") or _UNMATCHED
    CALLS.labels(method if method in METHODS else "other", route, str(status)).inc()
    CALL_SECONDS.labels(route).observe(seconds)
