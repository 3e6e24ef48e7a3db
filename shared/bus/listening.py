"""Plain subscriptions: every replica gets every message, and misses those sent while it is away.

For live views, and for notices that cached data has changed. Work goes through a `Consumer`, which misses nothing.
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
Hear = Callable[[str, bytes], None]
"""Gets the subject and the payload. It must not raise and not wait: all that passes goes through it."""


def _nothing() -> None:
    """Need nothing after an interruption."""


def _always() -> bool:
    """Want to hear all the time."""
    return True


class Listener:
    """A part of a `Bus`; `missed` is called at the start and whenever messages may have been missed.

    With `is_wanted` it listens on demand: it stops by itself once that returns False, and `listen` starts it again.
    """

    def __init__(
        self,
        subjects: Sequence[str],
        hear: Hear,
        *,
        missed: Callable[[], None] = _nothing,
        is_wanted: Callable[[], bool] = _always,
    ) -> None:
        self._subjects: Final = tuple(subjects)
        self._hear = hear
        self._missed = missed
        self._is_wanted = is_wanted
        self._client: Client | None = None
        self._subscriptions: list[Subscription] = []
        self._turn = asyncio.Lock()

    async def attach(self, client: Client) -> None:
        """Subscribe on a new client, if it is wanted."""
        async with self._turn:
            self._client = client
            self._subscriptions = []
            await self._subscribe()
        self._missed()

    async def listen(self) -> None:
        """Subscribe if wanted and not subscribed yet; while NATS is away, as soon as it is back."""
        async with self._turn:
            try:
                await self._subscribe()
            except (nats.errors.Error, OSError) as exc:
                log.debug("not_listening_yet", error=type(exc).__name__)

    async def _subscribe(self) -> None:
        if self._client is None or self._subscriptions or not self._is_wanted():
            return
        self._subscriptions = [await self._client.subscribe(name, cb=self._on_message) for name in self._subjects]

    def lost(self) -> None:
        """Report that messages may have been missed; the client subscribes again by itself."""
        self._missed()

    async def _on_message(self, message: Msg) -> None:
        if self._is_wanted():
            self._hear(message.subject, message.data)
        else:
            await self._rest()

    async def _rest(self) -> None:
        subscriptions, self._subscriptions = self._subscriptions, []
        for subscription in subscriptions:
            await subscription.unsubscribe()


async def tell(bus: Bus, subject: str, payload: bytes) -> None:
    """Publish to whoever is listening now; nothing is stored. Raises `UnavailableError` when NATS is away."""
    try:
        await bus.client.publish(subject, payload)
    except (nats.errors.Error, OSError) as exc:
        raise UnavailableError(f"NATS is away ({type(exc).__name__})") from exc
