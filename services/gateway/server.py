"""uvicorn inside our own runtime: our signals, our sockets, its protocol.

uvicorn would install its own signal handlers, and both would fire on SIGTERM; here only the runtime decides.
"""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Final

import structlog
import uvicorn
from litestar.types import ASGIApp

from services.gateway.connections import MOST_AT_ONCE, SPARE_DESCRIPTORS, LimitedProtocol
from shared import descriptors
from shared.errors import PermanentError

FINISH_WITHIN_S: Final = 6
_BACKLOG: Final = 2048
_KEEP_ALIVE_S: Final = 30
_OWN_DESCRIPTORS: Final = 64
"""Files and connections of the process itself."""

log = structlog.get_logger()


class AddressError(PermanentError):
    """The gateway cannot listen where it is told to."""


class _Uvicorn(uvicorn.Server):
    """uvicorn checks ten times a second whether to stop; this one waits for an event."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.stop_requested = asyncio.Event()

    async def main_loop(self) -> None:
        """Keep the date in answers right, until told to stop."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self.stop_requested.wait()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield


class Server:
    """One for a process; listens from the moment it is made."""

    def __init__(self, app: ASGIApp, *, host: str, port: int) -> None:
        self._socket = listen(host, port)
        _check_descriptors()
        self._uvicorn = _Uvicorn(
            uvicorn.Config(
                app,
                http=LimitedProtocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=_KEEP_ALIVE_S,
                timeout_graceful_shutdown=FINISH_WITHIN_S,
            )
        )
        self._is_over = asyncio.Event()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._socket.getsockname()[1])

    async def run(self) -> None:
        """Serve until told to finish."""
        try:
            await self._uvicorn.serve(sockets=[self._socket])
        finally:
            self._is_over.set()

    async def finish(self) -> None:
        """Take no more connections, and return when all open calls are answered, or cut off after a while."""
        self._uvicorn.should_exit = True
        self._uvicorn.stop_requested.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FINISH_WITHIN_S + 1):
                await self._is_over.wait()


def _check_descriptors() -> None:
    needed = MOST_AT_ONCE + SPARE_DESCRIPTORS + _OWN_DESCRIPTORS
    if descriptors.limit() < needed:
        log.warning("descriptors_are_few", limit=descriptors.limit(), needed=needed)


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; raises `AddressError`.

    Made with its protocol, unlike by `socket.create_server`: asyncio looks at it before it turns Nagle's algorithm
    off, and without that the answers on a connection that is kept come 40 ms late.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE
        )[0]
        with contextlib.ExitStack() as stack:
            listener = stack.enter_context(socket.socket(family, kind, protocol))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(_BACKLOG)
            stack.pop_all()
    except OSError as exc:
        raise AddressError(f"cannot listen on {host}:{port}: {exc.strerror or exc} (USHER_HOST, USHER_PORT)") from exc
    return listener
