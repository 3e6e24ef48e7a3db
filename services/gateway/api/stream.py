"""`/api/events/stream`: events as they come in and as their status changes, as server-sent events.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

from litestar import Router, get
from litestar.background_tasks import BackgroundTask
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.openapi.spec import Example
from litestar.response import Stream

from services.gateway.access.caller import Caller
from services.gateway.access.watching import Watching
from services.gateway.api.guards import needs
from services.gateway.api.handlers import free
from services.gateway.events.feed import Feed, Watcher

PING_EVERY: Final = timedelta(seconds=15)
LONGEST: Final = timedelta(hours=1)
"""A stream ends after this, and the browser comes back: with a credential that is still valid, or not at all."""
_TYPE: Final = "text/event-stream"
_EXAMPLE: Final = (
    'data: {"id":"3f6c…","source":"plex","event":"media.scrobble","server":null,'
    '"received_at":"2026-01-31T18:00:00Z","status":"pending","reason":null,"attempt":0,"payload":null}\n\n'
)


class StreamRoutes:
    """The live feed over HTTP."""

    def __init__(
        self, feed: Feed, watching: Watching, *, ping_every: timedelta = PING_EVERY, longest: timedelta = LONGEST
    ) -> None:
        self._feed = feed
        self._watching = watching
        self._ping_every = ping_every.total_seconds()
        self._longest = longest.total_seconds()

    async def watch(self, caller: NamedDependency[Caller]) -> Stream:
        """Watch events. Each is an event of the list's shape, sent again when its status changes: go by its id.

        What is not known of an event whose beginning was missed is null. Slow readers miss the oldest. The stream ends
        when the credential does.
        """
        watcher = self._feed.watch()
        self._watching.begin(watcher, caller)
        await self._feed.listen()
        return Stream(
            self._lines(watcher),
            media_type=_TYPE,
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
            background=BackgroundTask(self._leave, watcher),
        )

    async def _leave(self, watcher: Watcher) -> None:
        self._feed.leave(watcher)

    async def _lines(self, watcher: Watcher) -> AsyncIterator[bytes]:
        yield b"retry: 2000\n\n"
        ends_at = asyncio.get_running_loop().time() + self._longest
        while asyncio.get_running_loop().time() < ends_at:
            try:
                async with asyncio.timeout(self._ping_every):
                    item = await watcher.next()
            except TimeoutError:
                yield b": still here\n\n"
                continue
            if item is None:
                return
            yield b"data: " + item + b"\n\n"


def router(routes: StreamRoutes) -> Router:
    """Return the route."""
    spec = ResponseSpec(
        str, description="events", media_type=_TYPE, examples=[Example(value=_EXAMPLE)], generate_examples=False
    )
    watch = get(
        "/stream",
        summary="Watch events",
        opt=needs("read", endless=True),
        responses={200: spec},
        media_type=_TYPE,
    )
    return Router("/events", route_handlers=[watch(free(routes.watch))], tags=["events"])
