"""`/api/events/stream`: events as they come in and as their status changes, as server-sent events.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

from litestar import Controller, get
from litestar.background_tasks import BackgroundTask
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.openapi.spec import Example
from litestar.response import Stream

from services.gateway.access.caller import Caller
from services.gateway.access.stream_access import StreamAccess
from services.gateway.api.guards import needs
from services.gateway.events.feed import Feed, Watcher

PING_EVERY: Final = timedelta(seconds=15)
GATHERED: Final = timedelta(seconds=0.25)
"""After a watcher was sent something, its next items gather for this long: a hundred tabs then cost webhooks little."""
LONGEST: Final = timedelta(hours=1)
"""A stream ends after this, and the browser comes back: with a credential that is still valid, or not at all."""
_TYPE: Final = "text/event-stream"
_EXAMPLE: Final = (
    'data: {"id":"3f6c…","source":"plex","event":"media.scrobble","server":null,'
    '"received_at":"2026-01-31T18:00:00Z","status":"pending","reason":null,"attempt":0,"payload":null}\n\n'
)


_EVENTS: Final = ResponseSpec(
    str, description="events", media_type=_TYPE, examples=[Example(value=_EXAMPLE)], generate_examples=False
)


class StreamController(Controller):
    """The live feed over HTTP."""

    path, tags = "/events/stream", ("events",)

    @get(
        "/",
        summary="Watch events",
        opt=needs("read", endless=True),
        responses={200: _EVENTS},
        media_type=_TYPE,
    )
    async def watch(
        self,
        caller: NamedDependency[Caller],
        feed: NamedDependency[Feed],
        stream_access: NamedDependency[StreamAccess],
    ) -> Stream:
        """Watch events. Each is an event of the list's shape, sent again when its status changes: go by its id.

        What is not known of an event whose beginning was missed is null. Slow readers miss the oldest. The stream ends
        when the credential does.
        """
        watcher = feed.watch()
        stream_access.grant(watcher, caller)
        await feed.listen()
        return Stream(
            lines(watcher),
            media_type=_TYPE,
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
            background=BackgroundTask(_leave, feed, watcher),
        )


async def _leave(feed: Feed, watcher: Watcher) -> None:
    feed.leave(watcher)


async def lines(
    watcher: Watcher, *, ping_every: timedelta = PING_EVERY, longest: timedelta = LONGEST
) -> AsyncIterator[bytes]:
    """Give what a watcher is sent, until the stream is over."""
    yield b"retry: 2000\n\n"
    clock = asyncio.get_running_loop().time
    ends_at = clock() + longest.total_seconds()
    while clock() < ends_at:
        try:
            async with asyncio.timeout(ping_every.total_seconds()):
                item = await watcher.next()
        except TimeoutError:
            yield b": still here\n\n"
            continue
        if item is None:
            return
        yield b"".join(b"data: " + each + b"\n\n" for each in (item, *watcher.rest()))
        await watcher.hold(GATHERED)
