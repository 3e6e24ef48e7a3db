"""Failed attempts to log in, and the addresses from which users have logged in."""

from datetime import datetime, timedelta

import msgspec

from services.gateway.access.login_limits import AttemptCounts, Failures
from shared.postgres.pool import Connection, Pool, acquire, transaction


class AttemptKey(msgspec.Struct, frozen=True, kw_only=True):
    """What an attempt is counted by: the account, the address, and the network around it."""

    account: bytes
    address: str
    area: str


async def lock_attempts(connection: Connection, key: AttemptKey) -> None:
    """Let nobody else count attempts of this account or address before this transaction ends."""
    await connection.execute("select pg_advisory_xact_lock(7101, hashtext($1))", key.account.hex())
    await connection.execute("select pg_advisory_xact_lock(7102, hashtext($1))", key.address)


async def counts_of(
    connection: Connection, key: AttemptKey, *, user_id: str | None, now: datetime, window: timedelta, day: timedelta
) -> AttemptCounts:
    """Return the failures, whether or not there is such a user. What is ahead of `now` counts too."""
    [of_account] = await connection.fetch(
        """select count(*) filter (where address = $2 and at > $4) as own,
            max(at) filter (where address = $2) as own_at,
            count(*) filter (where address = $2) as own_today,
            count(*) filter (where area = $3) as area_today,
            count(*) filter (where is_stranger) as strangers,
            max(at) filter (where is_stranger) as strangers_at,
            count(distinct address) filter (where is_stranger) as addresses_today,
            exists (select from known_addresses where user_id = $6 and address = $2) as is_known
        from login_attempts where account = $1 and at > $5""",
        key.account,
        key.address,
        key.area,
        now - window,
        now - day,
        user_id,
    )
    [of_address] = await connection.fetch(
        "select count(*), max(at) from login_attempts where address = $1 and at > $2", key.address, now - window
    )
    return AttemptCounts(
        own=Failures(of_account["own"], of_account["own_at"]),
        address=Failures(*of_address),
        strangers=Failures(of_account["strangers"], of_account["strangers_at"]),
        own_today=of_account["own_today"],
        area_today=of_account["area_today"],
        addresses_today=of_account["addresses_today"],
        is_known=of_account["is_known"],
    )


async def note_attempt(connection: Connection, key: AttemptKey, *, is_stranger: bool, now: datetime) -> int:
    """Count an attempt as failed, before it is known how it ends: many at once are all counted."""
    attempt_id: int = await connection.fetchval(
        "insert into login_attempts (account, address, area, is_stranger, at) values ($1, $2, $3, $4, $5) returning id",
        key.account,
        key.address,
        key.area,
        is_stranger,
        now,
    )
    return attempt_id


async def forget_attempt(pool: Pool, attempt_id: int) -> None:
    """Let an attempt count no more, for it did not fail."""
    async with acquire(pool) as connection:
        await connection.execute("delete from login_attempts where id = $1", attempt_id)


async def forgive_attempts(connection: Connection, key: AttemptKey) -> None:
    """Forget what failed for an account from the address that its owner has now logged in from."""
    await connection.execute("delete from login_attempts where account = $1 and address = $2", key.account, key.address)


async def forgive_account(connection: Connection, account: bytes) -> None:
    """Forget what failed for an account from anywhere."""
    await connection.execute("delete from login_attempts where account = $1", account)


async def remember_address(connection: Connection, user_id: str, address: str, *, now: datetime, most: int) -> None:
    """Know the address that a user was let in from; of too many, those of long ago are forgotten."""
    await connection.execute(
        """insert into known_addresses (user_id, address, last_at) values ($1, $2, $3)
        on conflict (user_id, address) do update set last_at = excluded.last_at""",
        user_id,
        address,
        now,
    )
    await connection.execute(
        """delete from known_addresses where user_id = $1 and address in (
            select address from known_addresses where user_id = $1 order by last_at desc, address offset $2
        )""",
        user_id,
        most,
    )


async def forget_attempts(pool: Pool, *, before: datetime, most: int) -> None:
    """Forget attempts that count no more and, of too many, the oldest."""
    async with transaction(pool) as connection:
        await connection.execute("delete from login_attempts where at < $1", before)
        await connection.execute(
            "delete from login_attempts where id <= (select id from login_attempts order by id desc offset $1 limit 1)",
            most,
        )


async def forget_addresses(pool: Pool, *, before: datetime) -> None:
    """Forget addresses that nobody was let in from for long."""
    async with acquire(pool) as connection:
        await connection.execute("delete from known_addresses where last_at < $1", before)
