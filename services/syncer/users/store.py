"""The syncer's SQL for settings of single users."""

from collections.abc import Sequence

import asyncpg

from shared.owners import user_id
from shared.postgres.locks import lock_exclusive
from shared.postgres.pool import Connection
from shared.postgres.text import like_pattern, storable
from shared.schemas.users import ListUserSettings, UserSettings, UserSettingsPage

_COLUMNS = "username, blocked, immune, request_limit, has_password, changed_at"


async def lock_user(connection: Connection, key: str) -> None:
    """Keep others from changing this user's settings until the transaction ends."""
    await lock_exclusive(connection, "syncer", "user settings", key)


async def settings_of(connection: Connection, key: str) -> UserSettings | None:
    """Return a user's settings."""
    row = await connection.fetchrow(f"select {_COLUMNS} from user_settings where name_key = $1", key)  # noqa: S608 (a constant)
    return None if row is None else _settings(row)


async def blocked_among(connection: Connection, keys: Sequence[str]) -> frozenset[str]:
    """Return those keys that belong to blocked users."""
    found = await connection.fetch(
        "select name_key from user_settings where blocked and name_key = any($1::text[])",
        [storable(key) for key in keys],
    )
    return frozenset(row["name_key"] for row in found)


async def page_of_settings(connection: Connection, wanted: ListUserSettings) -> UserSettingsPage:
    """Return settings by name; a search looks in names as they were last spelled."""
    where, search = "where $1::text is null or username ilike $1", like_pattern(wanted.search)
    rows = await connection.fetch(
        f"select {_COLUMNS} from user_settings {where} order by name_key limit $2 offset $3",  # noqa: S608 (constants)
        search,
        wanted.limit,
        wanted.offset,
    )
    total: int = await connection.fetchval(f"select count(*) from user_settings {where}", search)  # noqa: S608 (a constant)
    return UserSettingsPage([_settings(row) for row in rows], total, wanted.limit, wanted.offset)


async def save_settings(connection: Connection, key: str, settings: UserSettings) -> None:
    """Store a user's settings."""
    await connection.execute(
        f"""insert into user_settings (name_key, {_COLUMNS}) values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (name_key) do update set username = excluded.username, blocked = excluded.blocked,
            immune = excluded.immune, request_limit = excluded.request_limit,
            has_password = excluded.has_password, changed_at = excluded.changed_at""",  # noqa: S608 (a constant)
        key,
        settings.username,
        settings.blocked,
        settings.immune,
        settings.request_limit,
        settings.has_password,
        settings.changed_at,
    )


async def remove_settings(connection: Connection, key: str) -> None:
    """Delete a user's settings."""
    await connection.execute("delete from user_settings where name_key = $1", key)


async def remove_settings_of(connection: Connection, user_ids: Sequence[str]) -> None:
    """Delete the settings of users who are known by id; there are few settings."""
    keys = [row["name_key"] for row in await connection.fetch("select name_key from user_settings")]
    gone = [key for key in keys if user_id(key) in user_ids]
    await connection.execute("delete from user_settings where name_key = any($1)", gone)


def _settings(row: asyncpg.Record) -> UserSettings:
    return UserSettings(**dict(row))
