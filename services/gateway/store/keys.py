"""API keys: what is kept of them is a digest."""

from datetime import datetime

import asyncpg
import msgspec

from services.gateway.access.scopes import Scope
from shared.postgres.pool import Connection, Pool, acquire, transaction


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key, as far as it can be shown."""

    id: str
    name: str
    scopes: list[Scope]
    person_id: str | None = None
    """Whose it is; it acts as this person."""
    created_at: datetime
    last_used_at: datetime | None = None
    expires_at: datetime | None = None


class KeyPage(msgspec.Struct, frozen=True):
    """A page of keys, the newest first."""

    items: list[ApiKey]
    total: int
    limit: int
    offset: int


async def add_key(connection: Connection, key: ApiKey, digest: bytes) -> bool:
    """Make a key valid; False where a key with this digest is there already."""
    tag = await connection.execute(
        """insert into api_keys (id, name, digest, scopes, created_at, expires_at, person_id)
        values ($1, $2, $3, $4, $5, $6, $7) on conflict (digest) do nothing""",
        key.id,
        key.name,
        digest,
        key.scopes,
        key.created_at,
        key.expires_at,
        key.person_id,
    )
    return tag != "INSERT 0 0"


async def find_key(pool: Pool, digest: bytes, *, now: datetime) -> ApiKey | None:
    """Return the key that this is a digest of, unless it has expired."""
    async with acquire(pool) as connection:
        row = await connection.fetchrow(
            f"{_KEYS} where digest = $1 and (expires_at is null or expires_at > $2)", digest, now
        )
    return None if row is None else _key(row)


async def page_of_keys(pool: Pool, *, limit: int, offset: int) -> KeyPage:
    """Return a page of keys, the newest first, those that have expired too."""
    async with transaction(pool) as connection:
        total = await connection.fetchval("select count(*) from api_keys")
        rows = await connection.fetch(f"{_KEYS} order by created_at desc, id limit $1 offset $2", limit, offset)
    return KeyPage([_key(row) for row in rows], total, limit, offset)


_KEYS = "select id, name, scopes, person_id, created_at, used_at, expires_at from api_keys"


async def note_key_use(pool: Pool, key_id: str, *, now: datetime) -> None:
    """Remember that a key is in use."""
    async with acquire(pool) as connection:
        await connection.execute("update api_keys set used_at = greatest(used_at, $2) where id = $1", key_id, now)


async def remove_key(connection: Connection, key_id: str) -> str | None:
    """Make a key invalid at once, and return its name; None where there is no such key."""
    name: str | None = await connection.fetchval("delete from api_keys where id = $1 returning name", key_id)
    return name


def _key(row: asyncpg.Record) -> ApiKey:
    return ApiKey(
        id=row["id"],
        name=row["name"],
        scopes=row["scopes"],
        person_id=row["person_id"],
        created_at=row["created_at"],
        last_used_at=row["used_at"],
        expires_at=row["expires_at"],
    )
