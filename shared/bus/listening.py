"""Plain subscriptions: every replica gets every message, and misses those sent while it is disconnected.

They serve live views and notices that cached data has changed. Work goes through a `Consumer`, which misses nothing.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import nats.errors
import structlog
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from shared.bus.client import Client
from shared.bus.connection import Bus
from shared.errors import UnavailableError

log = structlog.get_logger()
_KNOWN_WITHIN_S: Final = 2
Receive = Callable[[str, bytes], None]
"""Gets the subject and the payload of each message. It must neither raise nor block."""


def _ignore() -> None:
    """Do nothing about missed messages."""


def _always() -> bool:
    """Listen all the time."""
    return True


class Listener:
    """A part of a `Bus`; `on_missed` is called at the start and whenever messages may have been missed.

    With `is_wanted` it listens on demand: it stops by itself once that returns False, and `listen` starts it again.
    """

    def __init__(
        self,
        subjects: Sequence[str],
        receive: Receive,
        *,
        on_missed: Callable[[], None] = _ignore,
        is_wanted: Callable[[], bool] = _always,
    ) -> None:
        self._subjects: Final = tuple(subjects)
        self._receive = receive
        self._on_missed = on_missed
        self._is_wanted = is_wanted
        self._client: Client | None = None
        self._subscriptions: list[Subscription] = []
        self._lock = asyncio.Lock()

    async def attach(self, client: Client) -> None:
        """Subscribe on a new client, if wanted."""
        async with self._lock:
            self._client = client
            self._subscriptions = []
            await self._subscribe()
        self._on_missed()

    async def listen(self) -> None:
        """Subscribe if wanted and not yet done; while NATS is away, this happens as soon as it is back.

        On return a connected server knows the subscriptions: what anybody publishes afterwards is received.
        """
        async with self._lock:
            try:
                await self._subscribe()
            except (nats.errors.Error, OSError) as exc:
                log.debug("not_listening_yet", error=type(exc).__name__)

    async def _subscribe(self) -> None:
        if self._client is None or self._subscriptions or not self._is_wanted():
            return
        self._subscriptions = [await self._client.subscribe(name, cb=self._on_message) for name in self._subjects]
        if self._client.is_connected:
            await self._client.flush(_KNOWN_WITHIN_S)  # now the server knows them

    def lost(self) -> None:
        """Report that messages may have been missed; the client subscribes again by itself."""
        self._on_missed()

    async def _on_message(self, message: Msg) -> None:
        if self._is_wanted():
            self._receive(message.subject, message.data)
        else:
            await self._unsubscribe()

    async def _unsubscribe(self) -> None:
        subscriptions, self._subscriptions = self._subscriptions, []
        for subscription in subscriptions:
            await subscription.unsubscribe()


async def broadcast(bus: Bus, subject: str, payload: bytes) -> None:
    """Publish to all who listen now, storing nothing; raises `UnavailableError` when NATS is away."""
    try:
        await bus.client.publish(subject, payload)
    except (nats.errors.Error, OSError) as exc:
        raise UnavailableError(f"NATS is away ({type(exc).__name__})") from exc
