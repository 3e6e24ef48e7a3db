"""Gives each call of the API a trace id, which goes along with everything that it causes."""

from collections.abc import Callable
from typing import Any

from litestar.types import ASGIApp, Receive, Scope, Send

from services.gateway import trace
from shared.telemetry import Tracer


class Traced:
    """The middleware."""

    def __init__(self, app: ASGIApp, tracer: Tracer) -> None:
        self._app = app
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._tracer.span(_name(scope), trace.traceparent(_traceparent_in(scope))):
            await self._app(scope, receive, send)


def trace_calls(tracer: Tracer) -> Callable[[ASGIApp], ASGIApp]:
    """Return the middleware with this tracer: a function, for Litestar copies all else deeply."""

    def wrap(app: ASGIApp) -> ASGIApp:
        return Traced(app, tracer)

    return wrap


def _name(scope: Any) -> str:
    return f"{scope['method']} {scope['path_template']}"


def _traceparent_in(scope: Scope) -> str | None:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"traceparent"), None)
