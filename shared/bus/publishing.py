"""Publishing with acknowledgement: when `publish` returns, the message is stored, once for each message id."""

import asyncio
from collections.abc import Mapping
from typing import Final, Protocol

import msgspec

ACK_TIMEOUT_S: Final = 2.0


class Stored(msgspec.Struct, frozen=True):
    """JetStream's acknowledgement. `duplicate`: a message with this id was stored before, and this one was dropped."""

    stream: str
    sequence: int
    duplicate: bool = False


class Publisher(Protocol):
    """What a part needs that only publishes."""

    async def begin(
        self, subject: str, data: bytes, *, message_id: str, headers: Mapping[str, str] | None = None
    ) -> asyncio.Future[Stored]:
        """Send now and return a future of the acknowledgement.

        Raises `UnavailableError` at once when there is no connection or too much is unacknowledged already, and
        `TooLargeError` over 256 KiB. The future gets an `UnavailableError` when the server cannot store the message or
        the connection breaks. The message may have been stored all the same, so a repeat must use the same id.
        """
        ...

    async def publish(
        self, subject: str, data: bytes, *, message_id: str, headers: Mapping[str, str] | None = None
    ) -> Stored:
        """Send, and wait at most 2 s for the acknowledgement; raises like `begin`."""
        ...
