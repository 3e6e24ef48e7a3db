"""Sessions and API keys alike: which of them are valid."""

from collections.abc import Collection
from datetime import datetime

import msgspec

from shared.postgres.pool import Connection, Pool, acquire


class Valid(msgspec.Struct, frozen=True):
    """A session or key that is valid, until a moment or (None) for good."""

    id: str
    expires_at: datetime | None


class PersonsKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key of a person."""

    id: str
    name: str
    scopes: list[str]
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None


class PersonsSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session of a person."""

    id: str
    username: str
    address: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime


async def valid_among(pool: Pool, ids: Collection[str], *, now: datetime, used_after: datetime) -> list[Valid]:
    """Return those of these sessions and keys that are valid."""
    async with acquire(pool) as connection:
        rows = await connection.fetch(
            """select id, expires_at from sessions where id = any($1) and expires_at > $2 and used_at > $3
            union all select id, expires_at from api_keys
                where id = any($1) and (expires_at is null or expires_at > $2)""",
            list(ids),
            now,
            used_after,
        )
    return [Valid(row["id"], row["expires_at"]) for row in rows]


async def forget_person(connection: Connection, person_ids: Collection[str]) -> list[str]:
    """Delete a person's keys, users and sessions, and return the ids of keys and sessions; an admin stays, as nobody's.

    Otherwise nobody might be left who can log in.
    """
    ids = list(person_ids)
    keys = await connection.fetch("delete from api_keys where person_id = any($1) returning id", ids)
    sessions = await connection.fetch(
        "delete from sessions where user_id in (select id from users where person_id = any($1)) returning id", ids
    )
    await connection.execute("delete from users where person_id = any($1) and not 'admin' = any(scopes)", ids)
    await connection.execute("update users set person_id = null where person_id = any($1)", ids)
    return [row["id"] for row in (*keys, *sessions)]


async def keys_of(pool: Pool, person_ids: Collection[str]) -> list[PersonsKey]:
    """Return a person's keys, without what they are, by age."""
    async with acquire(pool) as connection:
        rows = await connection.fetch(
            """select id, name, scopes, created_at, used_at as last_used_at, expires_at from api_keys
            where person_id = any($1) order by created_at, id""",
            list(person_ids),
        )
    return [PersonsKey(**dict(row)) for row in rows]


async def sessions_of(pool: Pool, person_ids: Collection[str]) -> list[PersonsSession]:
    """Return a person's sessions, by age."""
    async with acquire(pool) as connection:
        rows = await connection.fetch(
            """select sessions.id, username, address, sessions.created_at, used_at as last_used_at, expires_at
            from sessions join users on users.id = user_id where person_id = any($1)
            order by sessions.created_at, sessions.id""",
            list(person_ids),
        )
    return [PersonsSession(**dict(row)) for row in rows]
