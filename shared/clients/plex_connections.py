"""Which of a Plex server's addresses to try first: pure, because plex.tv lists ten of them and most do not work."""

from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

import msgspec

_SCHEMES: Final = frozenset({"http", "https"})


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """One address of a server, as plex.tv knows it."""

    uri: str
    local: bool = False
    relay: bool = False
    address: str = ""
    port: int = 32400
    ipv6: bool = False

    @property
    def protocol(self) -> str:
        """Return `https` or `http`."""
        return urlsplit(self.uri).scheme.lower()


def usable(connections: Iterable[Connection], *, https_required: bool) -> list[Connection]:
    """Return each address once, the best first: local, remote, relayed; within each https first, and IPv4 before IPv6.

    Within a local network, plain http to the address itself is added unless the server refuses it: the names under
    plex.direct, which https needs, do not resolve behind many routers and in containers.
    """
    known = [connection for connection in connections if _is_web(connection.uri)]
    plain = [] if https_required else [_plain(connection) for connection in known if _can_be_plain(connection)]
    once = {connection.uri: connection for connection in (*plain, *known)}
    return sorted(once.values(), key=_rank)


def _rank(connection: Connection) -> tuple[bool, bool, bool, bool]:
    return connection.relay, not connection.local, connection.protocol != "https", connection.ipv6


def _is_web(uri: str) -> bool:
    try:
        return urlsplit(uri).scheme.lower() in _SCHEMES
    except ValueError:
        return False


def _can_be_plain(connection: Connection) -> bool:
    return connection.local and not connection.relay and bool(connection.address)


def _plain(connection: Connection) -> Connection:
    host = f"[{connection.address}]" if ":" in connection.address else connection.address
    return msgspec.structs.replace(connection, uri=f"http://{host}:{connection.port}")
