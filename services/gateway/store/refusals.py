"""Who was refused on the last day: few rows, put together from all gateways."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from services.gateway.refusals.refused_senders import KEPT, RefusedSender, Senders
from shared.postgres.pool import Connection, Pool, acquire, transaction
from shared.postgres.text import storable

_ALL = "select source, reason, address, detail, count, first_at, last_at from refused_senders"


async def add_refused(pool: Pool, senders: Sequence[RefusedSender], *, now: datetime) -> None:
    """Add refusals to those that are there. All rows are read and written: there are never more than fit on a page."""
    async with transaction(pool) as connection:
        await connection.execute("select pg_advisory_xact_lock(7103, 2)")
        await _forget(connection, before=now - KEPT)
        known = [_sender(row) for row in await connection.fetch(_ALL)]
        await connection.execute("delete from refused_senders")
        await connection.executemany(
            """insert into refused_senders (source, reason, address, detail, count, first_at, last_at)
            values ($1, $2, $3, $4, $5, $6, $7)""",
            [_row(sender) for sender in Senders([*known, *senders]).all()],
        )


async def page_of_refused(pool: Pool, *, now: datetime, limit: int, offset: int) -> tuple[list[RefusedSender], int]:
    """Return some of those that were refused on the last day, the last refused first, and how many there are."""
    async with transaction(pool) as connection:
        total = await connection.fetchval("select count(*) from refused_senders where last_at >= $1", now - KEPT)
        rows = await connection.fetch(
            f"{_ALL} where last_at >= $1 order by last_at desc, source, reason, address limit $2 offset $3",
            now - KEPT,
            limit,
            offset,
        )
    return [_sender(row) for row in rows], total


async def forget_refused(pool: Pool, *, before: datetime) -> None:
    """Delete those that were refused last before a moment."""
    async with acquire(pool) as connection:
        await _forget(connection, before=before)


async def _forget(connection: Connection, *, before: datetime) -> None:
    await connection.execute("delete from refused_senders where last_at < $1", before)


def _sender(row: asyncpg.Record) -> RefusedSender:
    return RefusedSender(**dict(row))


def _row(sender: RefusedSender) -> tuple[object, ...]:
    return (
        sender.source,
        sender.reason,
        storable(sender.address),
        storable(sender.detail),
        sender.count,
        sender.first_at,
        sender.last_at,
    )
