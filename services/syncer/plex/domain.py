"""Which addresses a server has, and which part of a list was asked for: pure."""

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
    """Return the server of this machine id among those that an account reaches."""
    return next((server for server in servers if server.machine_id == machine_id), None)


def addresses(server: Server, *, first: str | None) -> list[str]:
    """Return where a server may be, the best first: where somebody configured it, then where plex.tv saw it."""
    seen = [connection.uri for connection in usable(server.connections, https_required=server.https_required)]
    return list(dict.fromkeys([*([first] if first else []), *seen]))[:MOST_ADDRESSES]


def problems(server: Server) -> list[str]:
    """Return what is wrong with the addresses that plex.tv names and nobody can dial."""
    return [f"{each.shown or 'one'}: {each.problem}" for each in unusable(server.connections)]


def part(items: Sequence[T], question: PlexQuestion[Any]) -> list[T]:
    """Return the part of a whole list that was asked for."""
    return list(items[question.offset : question.offset + question.limit])


def bounded(page: P, *, server: str) -> P:
    """Return a page that can be sent; raise `RefusedError` for one that a server filled beyond measure."""
    if len(msgspec.json.encode(page)) > MOST_BYTES:
        raise RefusedError(f"What {server} answers is too long: ask for fewer at a time with limit")
    return page
