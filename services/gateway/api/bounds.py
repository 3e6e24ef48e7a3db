"""Limits a call of the API: size, time and shape of its body, and time for its answer.

It also refuses bodies on which the JSON parser would fail with errors of another kind.
"""

import asyncio
from datetime import timedelta
from typing import Final

from litestar.types import ASGIApp, HTTPRequestEvent, Receive, Scope, Send

from services.gateway.webhooks import body
from shared.errors import InvalidError, UnavailableError

MAX_BODY: Final = 64 * 1024
MAX_BRACKETS: Final = 200
"""Objects and lists in a body: ours have three, and a thousand within each other end the parser's recursion."""
BODY_WITHIN: Final = timedelta(seconds=5)
ANSWER_WITHIN: Final = timedelta(seconds=8)


class Bounds:
    """A middleware; a route's `opt` may make it `endless` (a stream), or say `within` what it answers, if not 8 s."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        opt = scope["route_handler"].opt
        if opt.get("endless"):
            await self._app(scope, receive, send)
            return
        pieces: list[bytes] = []
        await body.read(receive, pieces.append, announced=_content_length(scope), cap=MAX_BODY, within=BODY_WITHIN)
        content = _check(b"".join(pieces))
        within: timedelta = opt.get("within") or ANSWER_WITHIN
        try:
            async with asyncio.timeout(within.total_seconds()):
                await self._app(scope, _replay(content, receive), send)
        except TimeoutError as exc:
            raise UnavailableError(f"no answer within {within.total_seconds():g} s") from exc


def _check(content: bytes) -> bytes:
    if content.count(b"{") + content.count(b"[") > MAX_BRACKETS:
        raise InvalidError(f"the body holds more than {MAX_BRACKETS} objects and lists")
    try:
        content.decode()
    except UnicodeDecodeError as exc:
        raise InvalidError(f"the body is not UTF-8: {exc.reason} at byte {exc.start}") from exc
    return content


def _content_length(scope: Scope) -> int | None:
    length = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    return int(length) if length.isdigit() else None


def _replay(read: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives what was read, and then goes on."""
    unread = [HTTPRequestEvent(type="http.request", body=read, more_body=False)]

    async def next_event() -> object:
        return unread.pop() if unread else await receive()

    return next_event  # type: ignore[return-value]
