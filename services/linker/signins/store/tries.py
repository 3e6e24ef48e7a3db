"""The linker's SQL for counting password tries, by a digest of server and user name."""

from datetime import datetime

from shared.postgres.locks import lock_exclusive
from shared.postgres.pool import Connection


async def tries_of(connection: Connection, account: bytes) -> list[datetime]:
    """Return when an account was tried, latest first, and block other counts of it until the transaction ends."""
    await lock_exclusive(connection, "linker", "tries", account.hex())
    rows = await connection.fetch(
        "select tried_at from password_tries where account = $1 order by tried_at desc limit 100", account
    )
    return [row["tried_at"] for row in rows]


async def note_try(connection: Connection, try_id: str, account: bytes, *, now: datetime) -> None:
    """Count a try."""
    await connection.execute(
        "insert into password_tries (id, account, tried_at) values ($1, $2, $3)", try_id, account, now
    )


async def forget_try(connection: Connection, try_id: str) -> None:
    """Delete a try that told nothing about the password."""
    await connection.execute("delete from password_tries where id = $1", try_id)


async def forget_tries_of(connection: Connection, account: bytes) -> None:
    """Delete all tries of an account, because somebody gave the right password."""
    await connection.execute("delete from password_tries where account = $1", account)


async def forget_tries(connection: Connection, *, before: datetime) -> None:
    """Delete tries that no longer count, except those that another replica is deleting."""
    await connection.execute(
        """delete from password_tries where id in (
            select id from password_tries where tried_at <= $1 order by tried_at limit 1000 for update skip locked)""",
        before,
    )
