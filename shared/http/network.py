"""Connects by the rules of `Egress`: resolves the name, checks every address, connects to one of those addresses.

Checking earlier would not do: a name may point elsewhere a moment later (DNS rebinding). The certificate and the Host
header still use the host's name.
"""

import asyncio
import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final, Protocol

import httpcore

from shared.http.egress import Address, Egress, EgressError

_MOST_ADDRESSES: Final = 6

SocketOption = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]


class Resolve(Protocol):
    """Resolves a name; raises `OSError` if it has no address."""

    async def __call__(self, host: str, port: int) -> Sequence[str]: ...


async def resolve(host: str, port: int) -> Sequence[str]:
    """Resolve with the operating system, which also knows the hosts file and the local network's names."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """httpcore's network backend, with the guard at the only place where connections begin."""

    def __init__(
        self, egress: Egress, *, resolve: Resolve = resolve, network: httpcore.AsyncNetworkBackend | None = None
    ) -> None:
        self._egress = egress
        self._resolve = resolve
        self._network = network or httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to a checked address of `host`; `timeout` covers resolving and connecting."""
        self._egress.check_port(port)
        with _connect_errors():
            async with asyncio.timeout(timeout):
                addresses = self._egress.check_addresses(await self._resolve(host, port))[:_MOST_ADDRESSES]
                share = None if timeout is None else timeout / len(addresses)
                return await self._dial(addresses, port, share, local_address, socket_options)

    async def _dial(
        self,
        addresses: list[Address],
        port: int,
        share: float | None,
        local_address: str | None,
        socket_options: Iterable[SocketOption] | None,
    ) -> httpcore.AsyncNetworkStream:
        *earlier, last = map(str, addresses)
        for address in earlier:
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return await self._network.connect_tcp(address, port, share, local_address, socket_options)
        return await self._network.connect_tcp(last, port, share, local_address, socket_options)

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109  # httpcore's signature
        socket_options: Iterable[SocketOption] | None = None,  # noqa: ARG002
    ) -> httpcore.AsyncNetworkStream:
        """Refuse: media servers have addresses, and local sockets lead to databases."""
        raise EgressError(f"Usher does not connect to the local socket {path}")

    async def sleep(self, seconds: float) -> None:
        """Wait as httpcore asks."""
        await self._network.sleep(seconds)


@contextmanager
def _connect_errors() -> Iterator[None]:
    try:
        yield
    except TimeoutError as exc:
        raise httpcore.ConnectTimeout from exc
    except (OSError, UnicodeError) as exc:
        raise httpcore.ConnectError(type(exc).__name__) from exc
