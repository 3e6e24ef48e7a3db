"""Publishing with acknowledgement: a message is stored when `publish` returns, and stored once for one message id."""

import asyncio
from collections.abc import Mapping
from typing import Protocol

import msgspec


class Stored(msgspec.Struct, frozen=True):
    """JetStream's acknowledgement. `duplicate`: a message of this id was there already, and this one was dropped."""

    stream: str
    sequence: int
    duplicate: bool = False


class Publisher(Protocol):
    """What a part needs that only publishes."""

    def begin(
        self, subject: str, data: bytes, *, message_id: str, headers: Mapping[str, str] | None = None
    ) -> asyncio.Future[Stored]:
        """Send now and return a future of the acknowledgement.

        Raises `UnavailableError` at once where there is no connection, `TooLargeError` over 256 KiB. The future gets
        an `UnavailableError` where the server cannot store it. A caller that stops waiting cancels the future; the
        message may have been stored all the same, so a repeat takes the same id.
        """
        ...

    async def publish(
        self, subject: str, data: bytes, *, message_id: str, headers: Mapping[str, str] | None = None
    ) -> Stored:
        """Send, and wait at most 2 s for the acknowledgement; raises like `begin`."""
        ...
