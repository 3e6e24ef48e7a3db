"""Which addresses a server has, and which page of a list was asked for: pure."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeVar

import msgspec

from shared.clients.plex_accounts import Server
from shared.clients.plex_connections import unusable, usable
from shared.http.calls import RefusedError
from shared.schemas.plex import PlexQuestion

MOST_ADDRESSES: Final = 20
MOST_BYTES: Final = 900_000
"""NATS carries a megabyte at a time."""

T = TypeVar("T")
P = TypeVar("P", bound=msgspec.Struct)


def reached(servers: Iterable[Server], machine_id: str) -> Server | None:
    """Return the server with this machine id among those that an account reaches."""
    return next((server for server in servers if server.machine_id == machine_id), None)


def addresses(server: Server, *, first: str | None) -> list[str]:
    """Return a server's possible addresses, best first: the configured one, then those that plex.tv lists."""
    seen = [connection.uri for connection in usable(server.connections, https_required=server.https_required)]
    return list(dict.fromkeys([*([first] if first else []), *seen]))[:MOST_ADDRESSES]


def problems(server: Server) -> list[str]:
    """Return what is wrong with the unusable addresses in plex.tv's list."""
    return [f"{each.shown or 'one'}: {each.problem}" for each in unusable(server.connections)]


def part(items: Sequence[T], question: PlexQuestion[Any]) -> list[T]:
    """Return the requested page of a complete list."""
    return list(items[question.offset : question.offset + question.limit])


def bounded(page: P, *, server: str) -> P:
    """Return a page that can be sent; raise `RefusedError` if a server's answer makes it too large."""
    if len(msgspec.json.encode(page)) > MOST_BYTES:
        raise RefusedError(f"The answer of {server} is too long: ask for less with limit")
    return page
