"""The transport that uvicorn writes to: it notices when a client reads nothing.

asyncio has no deadline for writing. A client that never reads would be held for ever, even when it is closed: closing
waits until everything is sent.
"""

import asyncio
import fcntl
import socket
import sys
import termios
from typing import Any, Final

import structlog
from uvicorn.protocols.http.flow_control import FlowControl

_INT: Final = bytes(4)

log = structlog.get_logger()


class WatchedTransport(asyncio.Transport):
    """Cuts off a client that took no byte for `deadline` seconds while some waited; slow ones may stay.

    Writing after the end is ignored, where uvloop's own transport raises an error.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop, *, deadline: float) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._deadline = deadline
        self._given = 0
        self._taken = 0
        """Bytes that the client had taken at the last check."""
        self._look: asyncio.TimerHandle | None = None

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send."""
        if not data or self._transport.is_closing():
            return
        if self._look is None:
            self._taken = self._given - self._bytes_waiting()
            self._look_later()
        self._given += len(data)
        self._transport.write(data)

    def close(self) -> None:
        """Close once all is sent, or cut off."""
        self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()

    def is_closing(self) -> bool:
        """Say whether nothing more is read or sent."""
        return self._transport.is_closing()

    def pause_reading(self) -> None:
        """Read nothing more for now."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read again."""
        self._transport.resume_reading()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """See asyncio."""
        return self._transport.get_extra_info(name, default)

    def end_watch(self) -> None:
        """Stop checking: the connection is lost."""
        if self._look is not None:
            self._look.cancel()

    def _look_later(self) -> None:
        self._look = self._loop.call_later(self._deadline, self._check)

    def _check(self) -> None:
        self._look = None
        untaken = self._bytes_waiting()
        if not untaken:
            return
        if self._given - untaken == self._taken:
            log.info("client_takes_nothing", untaken_bytes=untaken, after_s=self._deadline)
            self._transport.abort()
            return
        self._taken = self._given - untaken
        self._look_later()

    def _bytes_waiting(self) -> int:
        waiting = self._transport.get_write_buffer_size()
        if self._transport.is_closing():  # its descriptor may be another connection's by now
            return waiting
        return waiting + _bytes_unacknowledged(self._transport.get_extra_info("socket"))


def _bytes_unacknowledged(connection: socket.socket | None) -> int:
    """Return how many bytes the system keeps until the client's system has taken them: on Linux up to megabytes.

    It asks for more only once a third of its room is free, which may take a slow client longer than the deadline.
    """
    if connection is None or sys.platform != "linux":
        return 0
    return int.from_bytes(fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, _INT), sys.byteorder)


class HeldFlow(FlowControl):
    """uvicorn's flow control, which reads again as soon as a request asks for its body; not while it is held."""

    _is_held = False

    def hold(self, *, is_held: bool) -> None:
        """Read nothing more, or go on."""
        if is_held:
            self._is_held = True
            self.pause_reading()
        elif self._is_held:
            self._is_held = False
            self.resume_reading()

    def resume_reading(self) -> None:
        """Read again, unless held."""
        if not self._is_held:
            super().resume_reading()
