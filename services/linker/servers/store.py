"""The linker's SQL for the configured servers."""

from datetime import datetime
from typing import Any, Final

import asyncpg
import msgspec

from services.linker.servers.server_types import MEDIA_SERVERS, NOT_CHECKED
from shared.postgres.locks import lock_exclusive
from shared.postgres.pool import Connection
from shared.schemas.directory import ServerAddress
from shared.schemas.media import Provider

_COLUMNS: Final = (
    "name, type, url, enabled, machine_id, request_limit, include_owner, libraries, gives_token, "
    "version, reachable, user_count, dialect, problem, import_problem, checked_at, revision, from_settings"
)


class ServerRow(msgspec.Struct, frozen=True, kw_only=True):
    """A configured server; a Trakt application's `url` ends in its client id."""

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
    dialect: str | None = None
    """Seerr only."""
    problem: str | None = None
    """What the last check found wrong, for people."""
    import_problem: str | None = None
    """Seerr only: why it could not import a user, and how to fix it; each check tries again."""
    checked_at: datetime | None = None
    revision: int = 1
    """The database gives another one with each change that a person makes."""
    from_settings: bool = False
    """Created from settings, and not edited since."""

    @property
    def address(self) -> ServerAddress:
        """Return where it is."""
        return ServerAddress(self.name, self.url)


class ServerStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What a check found; None where it found nothing, and what is stored stays."""

    reachable: bool
    problem: str | None
    machine_id: str | None = None
    version: str | None = None
    user_count: int | None = None
    dialect: str | None = None
    imports_again: bool = False


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


async def page_of_servers(connection: Connection, *, limit: int, offset: int) -> tuple[list[ServerRow], int]:
    """Return some of the media servers by name, and how many there are."""
    rows = await connection.fetch(
        f"select {_COLUMNS} from servers where type = any($1) order by name limit $2 offset $3",  # noqa: S608 (a constant)
        MEDIA_SERVERS,
        limit,
        offset,
    )
    total: int = await connection.fetchval("select count(*) from servers where type = any($1)", MEDIA_SERVERS)
    return [_server(row) for row in rows], total


async def watched_servers(connection: Connection) -> list[ServerRow]:
    """Return the enabled servers whose health is checked, by name."""
    rows = await connection.fetch(
        f"select {_COLUMNS} from servers where enabled and type <> all($1) order by name",  # noqa: S608 (a constant)
        NOT_CHECKED,
    )
    return [_server(row) for row in rows]


async def lock_servers(connection: Connection) -> None:
    """Let nobody else add or change servers until the transaction ends."""
    await lock_exclusive(connection, "linker", "servers")


async def find_name_like(connection: Connection, name: str) -> str | None:
    """Return the server of this name, whatever its case."""
    found: str | None = await connection.fetchval("select name from servers where lower(name) = lower($1)", name)
    return found


async def twin_of(connection: Connection, kind: Provider, *, machine_id: str | None, name: str) -> str | None:
    """Return another name under which the same server is configured already."""
    found: str | None = await connection.fetchval(
        "select name from servers where (type, machine_id) = ($1, $2) and name <> $3", kind, machine_id, name
    )
    return found


async def add_server(connection: Connection, server: ServerRow, *, check_at: datetime) -> None:
    """Store a new server."""
    values = _values(server, without={"revision"})
    columns = ", ".join((*values, "check_at"))
    places = ", ".join(f"${number}" for number in range(1, len(values) + 2))
    await connection.execute(
        f"insert into servers ({columns}) values ({places})",  # noqa: S608 (fields of our own Struct)
        *values.values(),
        check_at,
    )


async def replace_server(connection: Connection, server: ServerRow, *, check_at: datetime) -> None:
    """Replace the server of this name."""
    values = _values(server, without={"name", "type", "revision", "import_problem"}) | {"check_at": check_at}
    changes = ", ".join(f"{name} = ${number}" for number, name in enumerate(values, start=2))
    await connection.execute(
        f"update servers set revision = default, {changes} where name = $1",  # noqa: S608 (fields of our own Struct)
        server.name,
        *values.values(),
    )


async def remove_server(connection: Connection, name: str) -> None:
    """Forget a server."""
    await connection.execute("delete from servers where name = $1", name)


async def count_dependents(connection: Connection, server: ServerRow) -> int:
    """Return on how many accounts of a server Usher has a token, or how many persons have a user in Seerr.

    Accounts of plex.tv belong to no single server.
    """
    if server.type == "seerr":
        people: int = await connection.fetchval(
            "select count(*) from persons where seerr_user_id is not null and merged_into is null"
        )
        return people
    found: int = await connection.fetchval(
        "select count(*) from connections where provider = $1 and server = $2", server.type, server.machine_id or ""
    )
    return found if server.machine_id else 0


async def take_due(connection: Connection, *, now: datetime, again_at: datetime, at_most: int) -> list[ServerRow]:
    """Return servers that are due for a check, each to one replica only."""
    rows = await connection.fetch(
        f"""with due as (
            select name as due_name from servers where enabled and check_at <= $1 and type <> all($4)
            order by check_at limit $3 for update skip locked)
        update servers set check_at = $2 from due where name = due_name returning {_COLUMNS}""",  # noqa: S608 (a constant)
        now,
        again_at,
        at_most,
        NOT_CHECKED,
    )
    return [_server(row) for row in rows]


async def note_status(connection: Connection, server: ServerRow, status: ServerStatus, *, at: datetime) -> bool:
    """Store what a check found; return False, and store nothing, where the server was changed in the meantime.

    A server that does not answer is checked again in a minute.
    """
    done = await connection.execute(
        """update servers set reachable = $3, checked_at = $9::timestamptz,
            check_at = case when $3 then check_at else least(check_at, $9::timestamptz + interval '1 minute') end,
            machine_id = coalesce(machine_id, $5), version = coalesce($6, version),
            user_count = coalesce($7, user_count), dialect = coalesce($8, dialect),
            problem = coalesce($4, case when not $10 then import_problem end),
            import_problem = case when not $10 then import_problem end
        where name = $1 and revision = $2""",
        server.name,
        server.revision,
        status.reachable,
        status.problem,
        status.machine_id,
        status.version,
        status.user_count,
        status.dialect,
        at,
        status.imports_again,
    )
    return done != "UPDATE 0"


async def linked_plex_account(connection: Connection, person_id: str) -> str | None:
    """Return the Plex account that a person linked last and whose token works."""
    found: str | None = await connection.fetchval(
        """select account_id from connections where provider = 'plex' and person_id = $1 and state = 'ok'
        order by linked_at desc limit 1""",
        person_id,
    )
    return found


def _values(server: ServerRow, *, without: set[str]) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(server).items() if name not in without}


def _server(row: asyncpg.Record) -> ServerRow:
    return ServerRow(**dict(row))
