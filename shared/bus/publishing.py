"""Publishing with acknowledgement: a message is stored when `publish` returns, and stored once for one message id."""

import asyncio
from collections.abc import Mapping
from typing import Final, Protocol

import msgspec

ACK_TIMEOUT_S: Final = 2.0


class Stored(msgspec.Struct, frozen=True):
    """JetStream's acknowledgement. `duplicate`: a message of this id was there already, and this one was dropped."""

    stream: str
    sequence: int
    duplicate: bool = False


class Publisher(Protocol):
    """What a part needs that only publishes."""

    async def begin(
        self, subject: str, data: bytes, *, message_id: str, headers: Mapping[str, str] | None = None
    ) -> asyncio.Future[Stored]:
        """Send now and return a future of the acknowledgement.

        Raises `UnavailableError` at once where there is no connection or too much is unacknowledged already, and
        `TooLargeError` over 256 KiB. The future gets an `UnavailableError` where the server cannot store it or the
        connection breaks. The message may have been stored all the same, so a repeat takes the same id.
        """
        ...

    async def publish(
        self, subject: str, data: bytes, *, message_id: str, headers: Mapping[str, str] | None = None
    ) -> Stored:
        """Send, and wait at most 2 s for the acknowledgement; raises like `begin`."""
        ...
