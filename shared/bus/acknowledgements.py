"""JetStream's acknowledgements of what one client published: a future for each, found by a token in the reply subject.

nats-py's own `JetStreamContext.publish` sets a timer for each message. Here the caller decides how long to wait, so the
gateway can turn to its spool, and all open publishes fail at once when the connection breaks.
"""

import asyncio
import itertools
from collections.abc import Callable
from typing import Final

import msgspec
from nats.aio.msg import Msg

from shared.bus.client import Client
from shared.bus.publishing import Stored
from shared.errors import UnavailableError

_MOST_OPEN: Final = 1024


class _Reply(msgspec.Struct):
    stream: str = ""
    seq: int = 0
    duplicate: bool = False
    error: dict[str, str | int] | None = None


_DECODER: Final = msgspec.json.Decoder(_Reply)


class Acknowledgements:
    """The unacknowledged publishes of one client; `on_no_stream` is called when no stream answers."""

    def __init__(self, *, on_no_stream: Callable[[], None]) -> None:
        self._on_no_stream = on_no_stream
        self._open: dict[str, asyncio.Future[Stored]] = {}
        self._counter = itertools.count()
        self._prefix = ""

    async def attach(self, client: Client) -> None:
        """Subscribe to replies on a new client; everything still open on the old one fails."""
        self.fail("the connection to NATS was lost")
        self._prefix = client.new_inbox()
        await client.subscribe(f"{self._prefix}.*", cb=self._settle)

    def open(self) -> tuple[str, asyncio.Future[Stored]]:
        """Return a reply subject and the future of its reply; raise `UnavailableError` when too many are open."""
        if len(self._open) >= _MOST_OPEN:
            self._open = {token: future for token, future in self._open.items() if not future.done()}
            if len(self._open) >= _MOST_OPEN:
                raise UnavailableError("NATS does not acknowledge")
        token = format(next(self._counter), "x")
        future: asyncio.Future[Stored] = asyncio.get_running_loop().create_future()
        self._open[token] = future
        return f"{self._prefix}.{token}", future

    def fail(self, reason: str) -> None:
        """Fail all open publishes."""
        waiting, self._open = self._open, {}
        for future in waiting.values():
            _fail(future, reason)

    async def _settle(self, message: Msg) -> None:
        future = self._open.pop(message.subject.rpartition(".")[2], None)
        if future is None or future.done():
            return
        if not message.data:
            self._on_no_stream()
            _fail(future, "no stream takes this subject, or JetStream is away")
            return
        reply = _DECODER.decode(message.data)
        if reply.error is not None:
            _fail(future, f"JetStream does not store: {reply.error.get('description', 'no reason given')}")
            return
        future.set_result(Stored(reply.stream, reply.seq, reply.duplicate))


def _fail(future: asyncio.Future[Stored], reason: str) -> None:
    if not future.done():
        future.set_exception(UnavailableError(reason))
        future.exception()  # a caller that stopped waiting is not told again by the event loop
