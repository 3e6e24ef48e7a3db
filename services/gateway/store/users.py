"""Users and their sessions."""

from datetime import datetime

import msgspec

from services.gateway.access.scopes import Scope
from shared.postgres.pool import Connection, Pool, acquire, transaction
from shared.schemas.users import name_key


class User(msgspec.Struct, frozen=True):
    """Somebody who may log in."""

    id: str
    username: str
    password_hash: str


class PersonsUser(msgspec.Struct, frozen=True):
    """The user of somebody who comes in with Plex: nobody can log in as them by a password."""

    id: str
    username: str


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is logged in."""

    id: str
    username: str
    scopes: list[Scope]
    person_id: str | None
    """Whose it is; it acts as this person."""
    has_password: bool
    address: str
    created_at: datetime
    used_at: datetime
    expires_at: datetime


class NewSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session that begins; `digest` is what is kept of its token."""

    id: str
    digest: bytes
    user_id: str
    address: str
    created_at: datetime
    expires_at: datetime


async def is_first_start(connection: Connection) -> bool:
    """Say whether nobody can log in yet."""
    return not await connection.fetchval("select exists (select from users where password_hash is not null)")


async def add_user(connection: Connection, user: User, *, now: datetime) -> None:
    """Let somebody log in."""
    await connection.execute(
        "insert into users (id, username, name_key, password_hash, created_at) values ($1, $2, $3, $4, $5)",
        user.id,
        user.username,
        name_key(user.username),
        user.password_hash,
        now,
    )


async def complete_users(connection: Connection) -> None:
    """Give users of an earlier version what they are found by."""
    for row in await connection.fetch("select id, username from users where name_key is null"):
        await connection.execute("update users set name_key = $2 where id = $1", row["id"], name_key(row["username"]))


async def find_user(pool: Pool, key: str) -> User | None:
    """Return who has a password and a name of this `name_key`."""
    async with acquire(pool) as connection:
        row = await connection.fetchrow(
            "select id, username, password_hash from users where name_key = $1 and password_hash is not null", key
        )
    return None if row is None else User(**dict(row))


async def all_users(connection: Connection) -> list[User]:
    """Return everybody with a password; nobody where the gateway has never been started."""
    if await connection.fetchval("select to_regclass('gateway.users') is null"):
        return []
    rows = await connection.fetch("select id, username, password_hash from users where password_hash is not null")
    return [User(**dict(row)) for row in rows]


async def let_person_in(connection: Connection, person_id: str, *, now: datetime) -> PersonsUser:
    """Return the user of a person who comes in without a password; it has the scope `self`, whatever it had."""
    user = PersonsUser(id=f"person-{person_id}", username=f"person {person_id}")
    await connection.execute(
        """insert into users (id, username, name_key, person_id, scopes, created_at)
        values ($1, $2, $3, $4, '{self}', $5)
        on conflict (id) do update
            set person_id = excluded.person_id, scopes = excluded.scopes, password_hash = null""",
        user.id,
        user.username,
        name_key(user.username),
        person_id,
        now,
    )
    return user


async def change_password_hash(connection: Connection, user: User, password_hash: str) -> bool:
    """Keep another hash; False where the one that was looked at is not the user's any more.

    Until the transaction ends nobody else changes it, and no session begins by it.
    """
    tag = await connection.execute(
        "update users set password_hash = $3 where id = $1 and password_hash = $2",
        user.id,
        user.password_hash,
        password_hash,
    )
    return tag != "UPDATE 0"


async def begin_session(connection: Connection, session: NewSession) -> None:
    """Log somebody in."""
    await connection.execute(
        """insert into sessions (id, digest, user_id, address, created_at, used_at, expires_at)
        values ($1, $2, $3, $4, $5, $5, $6)""",
        session.id,
        session.digest,
        session.user_id,
        session.address,
        session.created_at,
        session.expires_at,
    )


async def find_session(pool: Pool, digest: bytes, *, now: datetime, used_after: datetime) -> Session | None:
    """Return the session of a token, unless it has expired or was last used before that moment."""
    async with acquire(pool) as connection:
        row = await connection.fetchrow(
            f"{_SESSIONS} where digest = $1 and s.expires_at > $2 and s.used_at > $3", digest, now, used_after
        )
    return None if row is None else Session(**dict(row))


async def page_of_sessions(
    pool: Pool, *, now: datetime, used_after: datetime, limit: int, offset: int
) -> tuple[list[Session], int]:
    """Return some who are logged in, the last used first, and how many there are."""
    async with transaction(pool) as connection:
        total = await connection.fetchval(
            "select count(*) from sessions where expires_at > $1 and used_at > $2", now, used_after
        )
        rows = await connection.fetch(
            f"{_SESSIONS} where s.expires_at > $1 and s.used_at > $2 order by s.used_at desc, s.id limit $3 offset $4",
            now,
            used_after,
            limit,
            offset,
        )
    return [Session(**dict(row)) for row in rows], total


_SESSIONS = """select s.id, u.username, u.scopes, u.person_id, u.password_hash is not null as has_password,
    s.address, s.created_at, s.used_at, s.expires_at
    from sessions s join users u on u.id = s.user_id"""


async def note_session_use(pool: Pool, session_id: str, *, now: datetime) -> None:
    """Remember that a session is in use."""
    async with acquire(pool) as connection:
        await connection.execute("update sessions set used_at = greatest(used_at, $2) where id = $1", session_id, now)


async def end_session(connection: Connection, session_id: str) -> bool:
    """Log a session out; False where there is none."""
    return await connection.execute("delete from sessions where id = $1", session_id) != "DELETE 0"


async def end_sessions_of(connection: Connection, user_id: str, *, but: str | None = None) -> list[str]:
    """End all sessions of a user except one; return the ids of those that ended."""
    rows = await connection.fetch(
        "delete from sessions where user_id = $1 and id is distinct from $2 returning id", user_id, but
    )
    return [row["id"] for row in rows]


async def forget_sessions(pool: Pool, *, now: datetime, used_before: datetime) -> None:
    """Delete sessions that nobody can use any more."""
    async with transaction(pool) as connection:
        await connection.execute("delete from sessions where expires_at <= $1 or used_at <= $2", now, used_before)
