"""The pull loop: always keeps a request open at the server for as many messages as there is room for.

It replaces nats-py's `fetch`, which loses its request when the connection breaks and then waits out its whole timeout.
It follows ADR-37 (https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-37.md): it watches
heartbeats, counts every status off what is outstanding, and requests again after a lost connection.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final

import msgspec
import nats.errors
import nats.js.errors
import structlog
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from shared.bus import streams
from shared.bus.client import Client
from shared.bus.streams import ConsumerSpec

EXPIRES_S: Final = 30.0
HEARTBEAT_S: Final = 5.0
_TICK_S: Final = 1.0
_NANOSECONDS: Final = 1_000_000_000
_HEARTBEAT: Final = "100"
_EXPIRED: Final = ("404", "408")

log = structlog.get_logger()


class Pull:
    """Messages of one consumer, at most `room` at a time; a part of a `Bus`.

    `missing` is called when the stream does not exist.
    """

    def __init__(self, spec: ConsumerSpec, *, room: int, missing: Callable[[], None]) -> None:
        self._spec = spec
        self._room = room
        self._missing = missing
        self._client: Client | None = None
        self._subscription: Subscription | None = None
        self._inbox = ""
        self._outstanding = 0
        self._taken = 0
        self._held: dict[int, Msg] = {}
        self._frame_at = time.monotonic()
        self._ready: asyncio.Queue[Msg] = asyncio.Queue()
        self._must_reconcile = False
        self._is_paused = False
        self._changed = asyncio.Event()

    async def attach(self, client: Client) -> None:
        """Make sure that the consumer exists as declared, and subscribe to its messages."""
        await streams.reconcile_consumer(client, self._spec)
        self._client = client
        self._inbox = client.new_inbox()
        self._subscription = await client.subscribe(self._inbox, cb=self._on_message)
        self.lost()

    def lost(self) -> None:
        """Request again: outstanding requests died with the connection."""
        self._outstanding = 0
        self._frame_at = time.monotonic()
        self._changed.set()

    def pause(self) -> None:
        """Request nothing more; outstanding requests may still bring messages."""
        self._is_paused = True

    def resume(self) -> None:
        """Request messages again."""
        self._is_paused = False
        self._changed.set()

    async def next(self) -> Msg:
        """Wait for a message; call `done` with it afterwards."""
        message = await self._ready.get()
        self._taken += 1
        return message

    def done(self, message: Msg) -> None:
        """Make room for another message once this one is settled."""
        self._taken -= 1
        self._held.pop(id(message), None)
        self._changed.set()

    def held(self) -> list[Msg]:
        """Return all unsettled messages here, including those that no worker has taken yet."""
        return list(self._held.values())

    def leftovers(self) -> list[Msg]:
        """Take all messages that no worker has taken, to give them back at shutdown."""
        messages = [self._ready.get_nowait() for _ in range(self._ready.qsize())]
        for message in messages:
            self._held.pop(id(message), None)
        return messages

    async def run(self) -> None:
        """Keep requests open until cancelled."""
        while True:
            self._changed.clear()
            if self._client is not None and self._client.is_connected:
                await self._keep_asking(self._client)
            try:
                async with asyncio.timeout(_TICK_S):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def _keep_asking(self, client: Client) -> None:
        if self._must_reconcile:
            await self._reconcile(client)
        if self._outstanding and time.monotonic() - self._frame_at > 2 * HEARTBEAT_S:
            log.warning("heartbeats_missed", consumer=self._spec.name)
            self._outstanding = 0
            self._must_reconcile = True
        free = self._room - self._outstanding - self._taken - self._ready.qsize()
        if self._is_paused or free <= 0 or free * 2 < self._room:
            return
        request = {
            "batch": free,
            "expires": int(EXPIRES_S * _NANOSECONDS),
            "idle_heartbeat": int(HEARTBEAT_S * _NANOSECONDS),
        }
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{self._spec.stream}.{self._spec.name}"
        try:
            await client.publish(subject, msgspec.json.encode(request), reply=self._inbox)
        except (nats.errors.Error, OSError):
            return
        if not self._outstanding:
            self._frame_at = time.monotonic()
        self._outstanding += free

    async def _reconcile(self, client: Client) -> None:
        try:
            await streams.reconcile_consumer(client, self._spec)
        except nats.js.errors.NotFoundError:
            log.warning("stream_is_missing", consumer=self._spec.name, stream=self._spec.stream)
            self._missing()
            return
        except (nats.errors.Error, OSError, TimeoutError) as exc:
            log.warning("consumer_not_reconciled", consumer=self._spec.name, error=type(exc).__name__)
            return
        self._must_reconcile = False

    async def _on_message(self, message: Msg) -> None:
        self._frame_at = time.monotonic()
        if message.subject == self._inbox:
            self._count_off(message.headers or {})
        else:
            self._outstanding = max(0, self._outstanding - 1)
            self._held[id(message)] = message
            self._ready.put_nowait(message)

    def _count_off(self, headers: dict[str, str]) -> None:
        """Take a status into account: the request that it ends is no longer outstanding."""
        status, description = headers.get("Status", ""), headers.get("Description", "")
        if status == _HEARTBEAT:
            return
        ended = headers.get("Nats-Pending-Messages")
        self._outstanding = max(0, self._outstanding - int(ended)) if ended is not None else 0
        if status not in _EXPIRED:
            log.info("pull_ended", consumer=self._spec.name, status=status, reason=description)
            self._must_reconcile = True
            return  # the next tick asks again, not this moment: the server has just refused
        self._changed.set()
