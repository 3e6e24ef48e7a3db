"""The linker's SQL for the configured servers."""

from typing import Final

import asyncpg
import msgspec

from services.linker.clients import Place
from shared.postgres.pool import Connection
from shared.schemas.media import Provider

_COLUMNS: Final = (
    "name, type, url, enabled, machine_id, request_limit, include_owner, libraries, gives_token, "
    "version, reachable, user_count"
)


class ServerRow(msgspec.Struct, frozen=True, kw_only=True):
    """A configured server; a Trakt application's `url` is its client id's address at Trakt."""

    name: str
    type: Provider
    url: str
    enabled: bool = True
    machine_id: str | None = None
    request_limit: int | None = None
    include_owner: bool = False
    libraries: list[str] = []
    gives_token: bool = False
    """Seerr only: it is given people's classic Plex tokens."""
    version: str | None = None
    reachable: bool | None = None
    user_count: int | None = None

    @property
    def place(self) -> Place:
        """Return where it is."""
        return Place(self.name, self.url)


async def find_server(connection: Connection, name: str) -> ServerRow | None:
    """Return a server by its name."""
    row = await connection.fetchrow(f"select {_COLUMNS} from servers where name = $1", name)  # noqa: S608 (a constant)
    return None if row is None else _server(row)


async def servers_of(connection: Connection, kind: Provider, *, only_enabled: bool = True) -> list[ServerRow]:
    """Return the servers of a kind, by name."""
    rows = await connection.fetch(
        f"select {_COLUMNS} from servers where type = $1 and (enabled or not $2) order by name",  # noqa: S608 (a constant)
        kind,
        only_enabled,
    )
    return [_server(row) for row in rows]


def _server(row: asyncpg.Record) -> ServerRow:
    return ServerRow(**dict(row))
