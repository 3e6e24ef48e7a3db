"""Users, their sessions, and the tries to log in that failed."""

from datetime import datetime

import msgspec

from shared.postgres.pool import Connection, Pool, connected, transaction


class User(msgspec.Struct, frozen=True):
    """Somebody who may log in."""

    id: str
    username: str
    password_hash: str


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is logged in."""

    id: str
    username: str
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


class Tries(msgspec.Struct, frozen=True):
    """How many tries failed since some moment, and when the last one was."""

    count: int
    last_at: datetime | None


async def is_first_start(connection: Connection) -> bool:
    """Say whether nobody can log in yet."""
    return not await connection.fetchval("select exists (select from users)")


async def add_user(connection: Connection, user: User, *, now: datetime) -> None:
    """Let somebody log in."""
    await connection.execute(
        "insert into users (id, username, password_hash, created_at) values ($1, $2, $3, $4)",
        user.id,
        user.username,
        user.password_hash,
        now,
    )


async def find_user(pool: Pool, username: str) -> User | None:
    """Return who has this name; case does not matter."""
    async with connected(pool) as connection:
        row = await connection.fetchrow(
            "select id, username, password_hash from users where lower(username) = lower($1)", username
        )
    return None if row is None else User(**dict(row))


async def change_password_hash(connection: Connection, user_id: str, password_hash: str) -> None:
    """Keep a better hash of the same password."""
    await connection.execute("update users set password_hash = $2 where id = $1", user_id, password_hash)


async def lock_tries(connection: Connection, *, account: bytes, address: str) -> None:
    """Let nobody else count or add tries of this account or address before this transaction ends."""
    await connection.execute("select pg_advisory_xact_lock(7101, hashtext($1))", account.hex())
    await connection.execute("select pg_advisory_xact_lock(7102, hashtext($1))", address)


async def tries_of_account(connection: Connection, account: bytes, *, since: datetime) -> Tries:
    """Return what failed for one account, whether or not there is such a user."""
    row = await connection.fetchrow(
        "select count(*), max(at) from login_attempts where account = $1 and at > $2", account, since
    )
    return Tries(0, None) if row is None else Tries(row[0], row[1])


async def tries_of_address(connection: Connection, address: str, *, since: datetime) -> Tries:
    """Return what failed from one address."""
    row = await connection.fetchrow(
        "select count(*), max(at) from login_attempts where address = $1 and at > $2", address, since
    )
    return Tries(0, None) if row is None else Tries(row[0], row[1])


async def note_try(connection: Connection, *, account: bytes, address: str, now: datetime) -> None:
    """Count a try as failed, before it is known how it ends: many at once are all counted."""
    await connection.execute(
        "insert into login_attempts (account, address, at) values ($1, $2, $3)", account, address, now
    )


async def forgive_tries(connection: Connection, account: bytes) -> None:
    """Forget what failed for an account: its owner has logged in."""
    await connection.execute("delete from login_attempts where account = $1", account)


async def forget_tries(pool: Pool, *, before: datetime) -> None:
    """Forget tries that count no more."""
    async with connected(pool) as connection:
        await connection.execute("delete from login_attempts where at < $1", before)


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
    async with connected(pool) as connection:
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


_SESSIONS = """select s.id, u.username, s.address, s.created_at, s.used_at, s.expires_at
    from sessions s join users u on u.id = s.user_id"""


async def note_session_use(pool: Pool, session_id: str, *, now: datetime) -> None:
    """Remember that a session is in use."""
    async with connected(pool) as connection:
        await connection.execute("update sessions set used_at = greatest(used_at, $2) where id = $1", session_id, now)


async def end_session(connection: Connection, session_id: str) -> bool:
    """Log a session out; False where there is none."""
    return await connection.execute("delete from sessions where id = $1", session_id) != "DELETE 0"


async def forget_sessions(pool: Pool, *, now: datetime, used_before: datetime) -> None:
    """Delete sessions that nobody can use any more."""
    async with transaction(pool) as connection:
        await connection.execute("delete from sessions where expires_at <= $1 or used_at <= $2", now, used_before)
