"""Hears what passes on subjects without taking it: every replica hears everything, and misses what it is not there for.

For live pictures and for "read it again" calls. Work goes through a `Consumer`, which misses nothing.
"""

from collections.abc import Callable, Sequence
from typing import Final

from nats.aio.client import Client
from nats.aio.msg import Msg

Hear = Callable[[str, bytes], None]
"""Gets the subject and the payload. It must not raise and not wait: all that passes goes through it."""


def _nothing() -> None:
    """Need nothing after an interruption."""


class Listener:
    """A part of a `Bus`; `missed` is called whenever something may have passed unheard, first of all at the start."""

    def __init__(self, subjects: Sequence[str], hear: Hear, *, missed: Callable[[], None] = _nothing) -> None:
        self._subjects: Final = tuple(subjects)
        self._hear = hear
        self._missed = missed

    async def attach(self, client: Client) -> None:
        """Subscribe on a new client."""
        for subject in self._subjects:
            await client.subscribe(subject, cb=self._on_message)
        self._missed()

    def lost(self) -> None:
        """Take note of the interruption; the client subscribes again by itself."""
        self._missed()

    async def _on_message(self, message: Msg) -> None:
        self._hear(message.subject, message.data)
