"""Which of a Plex server's addresses to try first: pure, because plex.tv lists ten of them and most do not work.

plex.tv lists what servers report, so an address may be anything: those we cannot connect to are listed separately, with
the reason.
"""

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

import msgspec

from shared.http.egress import EgressError, well_formed

PORT: Final = 32400
LONGEST: Final = 500
_CREDENTIALS: Final = re.compile(r"//.*@")


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """One address of a server, as plex.tv knows it. Without a port it cannot be tried by IP address."""

    uri: str
    local: bool = False
    relay: bool = False
    address: str = ""
    port: int | None = PORT
    ipv6: bool = False

    @property
    def protocol(self) -> str:
        """Return `https` or `http`."""
        return urlsplit(self.uri).scheme.lower()

    @property
    def problem(self) -> str | None:
        """Return why we cannot connect to the address, whatever answers there; None if we can."""
        if not self.uri:
            return "plex.tv names no address here"
        if len(self.uri) > LONGEST:
            return f"The address is longer than {LONGEST} characters"
        try:
            parsed = well_formed(self.uri)
        except EgressError as exc:
            return exc.detail
        return "The address must end before a ? or #" if parsed.query or parsed.fragment else None

    @property
    def shown(self) -> str:
        """Return the address as people may see it: an unusable one may hold a password."""
        return _CREDENTIALS.sub("//***@", self.uri)[:LONGEST]


def usable(connections: Iterable[Connection], *, https_required: bool) -> list[Connection]:
    """Return each address once, best first: local, remote, relayed; within each https first, and IPv4 before IPv6.

    For a local address, plain http to the IP address is added unless the server refuses it: the names under
    plex.direct, which https needs, do not resolve behind many routers and in containers.
    """
    named = list(connections)
    plain = [] if https_required else [_plain(connection) for connection in named if _can_be_plain(connection)]
    once = {connection.uri: connection for connection in (*plain, *named) if connection.problem is None}
    return sorted(once.values(), key=_rank)


def unusable(connections: Iterable[Connection]) -> list[Connection]:
    """Return each address that we cannot connect to, once."""
    once = {connection.uri: connection for connection in connections if connection.problem is not None}
    return list(once.values())


def _rank(connection: Connection) -> tuple[bool, bool, bool, bool]:
    return connection.relay, not connection.local, connection.protocol != "https", connection.ipv6


def _can_be_plain(connection: Connection) -> bool:
    is_named = bool(connection.address) and connection.port is not None
    return connection.local and not connection.relay and is_named


def _plain(connection: Connection) -> Connection:
    address = connection.address.removeprefix("[").removesuffix("]")
    host = f"[{address}]" if ":" in address else address
    return msgspec.structs.replace(connection, uri=f"http://{host}:{connection.port}")
