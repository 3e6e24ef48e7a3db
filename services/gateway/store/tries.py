"""Tries to log in that failed, and the addresses that users were let in from."""

from datetime import datetime, timedelta

import msgspec

from services.gateway.access.throttle import Failures, Record
from shared.postgres.pool import Connection, Pool, acquire, transaction


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """What a try is counted by: the account, the address, and the network around it."""

    account: bytes
    address: str
    area: str


async def lock_tries(connection: Connection, place: Place) -> None:
    """Let nobody else count tries of this account or address before this transaction ends."""
    await connection.execute("select pg_advisory_xact_lock(7101, hashtext($1))", place.account.hex())
    await connection.execute("select pg_advisory_xact_lock(7102, hashtext($1))", place.address)


async def record_of(
    connection: Connection, place: Place, *, user_id: str | None, now: datetime, window: timedelta, day: timedelta
) -> Record:
    """Return what is on record, whether or not there is such a user. What is ahead of `now` counts too."""
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
        place.account,
        place.address,
        place.area,
        now - window,
        now - day,
        user_id,
    )
    [of_address] = await connection.fetch(
        "select count(*), max(at) from login_attempts where address = $1 and at > $2", place.address, now - window
    )
    return Record(
        own=Failures(of_account["own"], of_account["own_at"]),
        address=Failures(*of_address),
        strangers=Failures(of_account["strangers"], of_account["strangers_at"]),
        own_today=of_account["own_today"],
        area_today=of_account["area_today"],
        addresses_today=of_account["addresses_today"],
        is_known=of_account["is_known"],
    )


async def note_try(connection: Connection, place: Place, *, is_stranger: bool, now: datetime) -> int:
    """Count a try as failed, before it is known how it ends: many at once are all counted."""
    try_id: int = await connection.fetchval(
        "insert into login_attempts (account, address, area, is_stranger, at) values ($1, $2, $3, $4, $5) returning id",
        place.account,
        place.address,
        place.area,
        is_stranger,
        now,
    )
    return try_id


async def forget_try(pool: Pool, try_id: int) -> None:
    """Let a try count no more, for it did not fail."""
    async with acquire(pool) as connection:
        await connection.execute("delete from login_attempts where id = $1", try_id)


async def forgive_tries(connection: Connection, place: Place) -> None:
    """Forget what failed for an account from the address that its owner has now logged in from."""
    await connection.execute(
        "delete from login_attempts where account = $1 and address = $2", place.account, place.address
    )


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


async def forget_tries(pool: Pool, *, before: datetime, most: int) -> None:
    """Forget tries that count no more and, of too many, the oldest."""
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
