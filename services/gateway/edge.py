"""The outermost layer: what every answer carries, whoever made it, and what is counted of every call."""

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
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

CALLS = Counter("usher_http_requests_total", "Calls answered", ["method", "route", "status"])
CALL_SECONDS = Histogram(
    "usher_http_request_seconds",
    "Time from a call's beginning to the end of its answer",
    ["route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
)


class Edge:
    """Wraps the application, which speaks HTTP only. Routes are counted by their template: there are few of them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answered = _Answered(send)
        began = time.perf_counter()
        try:
            await self._app(scope, receive, answered)
        finally:
            _count(scope, answered.status, time.perf_counter() - began)


class _Answered:
    """Adds headers to an answer and remembers its status."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message["headers"], *_missing(message["headers"])]
        await self._send(message)


def _missing(headers: Any) -> list[tuple[bytes, bytes]]:
    names = {name for name, _ in headers}
    return [*_HEADERS, *(each for each in (_NOTHING, _NO_STORE) if each[0] not in names)]


def _count(scope: Any, status: int, seconds: float) -> None:
    route = scope.get("path_template") or _UNMATCHED
    method = scope["method"] if scope["method"] in _METHODS else "other"
    CALLS.labels(method, route, str(status)).inc()
    CALL_SECONDS.labels(route).observe(seconds)
