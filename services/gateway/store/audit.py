"""Who changed what: rows are only ever added, which the database itself sees to."""

from datetime import datetime

import msgspec

from shared.postgres.pool import Connection, Pool, transaction
from shared.postgres.text import storable

_LONGEST = 300


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody (`actor`, from `address`) did something (`action`) to something (`object`)."""

    at: datetime
    actor: str
    address: str
    action: str
    object: str


class AuditPage(msgspec.Struct, frozen=True):
    """A page of the audit, newest first."""

    items: list[AuditEntry]
    total: int
    limit: int
    offset: int


class AuditFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries? `since` is inclusive, `until` is not."""

    actor: str | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: int = 50
    offset: int = 0


async def note(connection: Connection, entry: AuditEntry) -> None:
    """Add an entry, in the transaction of what it tells of."""
    await connection.execute(
        "insert into audit (at, actor, address, action, object) values ($1, $2, $3, $4, $5)",
        entry.at,
        storable(entry.actor)[:_LONGEST],
        storable(entry.address)[:_LONGEST],
        entry.action,
        storable(entry.object)[:_LONGEST],
    )


async def page_of_audit(pool: Pool, wanted: AuditFilter) -> AuditPage:
    """Return a page, newest first."""
    filters = (wanted.actor, wanted.action, wanted.since, wanted.until)
    async with transaction(pool) as connection:
        total = await connection.fetchval(f"select count(*) {_WANTED}", *filters)
        rows = await connection.fetch(
            f"select at, actor, address, action, object {_WANTED} order by seq desc limit $5 offset $6",
            *filters,
            wanted.limit,
            wanted.offset,
        )
    return AuditPage([AuditEntry(**dict(row)) for row in rows], total, wanted.limit, wanted.offset)


_WANTED = """from audit where true
    and ($1::text is null or actor = $1)
    and ($2::text is null or action = $2)
    and ($3::timestamptz is null or at >= $3)
    and ($4::timestamptz is null or at < $4)"""
