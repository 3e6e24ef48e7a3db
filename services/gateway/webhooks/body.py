"""Reads a request's body with a cap and a deadline, piece by piece, so that no sender can fill memory or hold a slot.

Litestar's own reader has the cap but no deadline, and calls a client that hung up an error of the server.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final

from services.gateway.problems import ClientGoneError
from shared.errors import PermanentError, TooLargeError

DEADLINE: Final = timedelta(seconds=5)

Receive = Callable[[], Awaitable[Any]]
"""ASGI's `receive`."""


class TooSlowError(PermanentError):
    """The body did not arrive in time."""

    status = 408
    title = "Request timeout"


async def read(
    receive: Receive, feed: Callable[[bytes], None], *, announced: int | None, cap: int, within: timedelta
) -> None:
    """Hand each piece of the body to `feed`, at most `cap` bytes in all and in the time given.

    A body that says it is larger is refused before a byte is read; one that says nothing is counted as it comes.
    """
    if announced is not None and announced > cap:
        raise TooLargeError(f"the body has {announced} bytes, and at most {cap} are taken")
    try:
        async with asyncio.timeout(within.total_seconds()):
            await _receive_all(receive, feed, cap)
    except TimeoutError as exc:
        raise TooSlowError(f"the body was not complete after {within.total_seconds():g} s") from exc


def discard(_: bytes) -> None:
    """Drop a piece: an unwanted body is read all the same, so that its sender sees the answer and not a reset."""


async def _receive_all(receive: Receive, feed: Callable[[bytes], None], cap: int) -> None:
    received, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError("the client hung up in the middle of its request")
        piece = message.get("body", b"")
        received += len(piece)
        if received > cap:
            raise TooLargeError(f"the body has more than {cap} bytes")
        feed(piece)
        more = message.get("more_body", False)
