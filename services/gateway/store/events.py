"""The event log: what came in, what became of it, in whatever order the two arrive and however often."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import asyncpg
import msgspec

from services.gateway.events.shapes import EventFilter, EventItem, EventPage, Outcome
from shared.postgres.pool import Connection, Pool, acquire, transaction
from shared.postgres.text import storable
from shared.schemas.webhooks import Webhook

_SUMMARY: Final = "id, source, event, server, received_at, status, reason, attempt"
_NOTE_WEBHOOKS: Final = """
insert into events as known (id, source, event, server, received_at, payload, attempt)
select * from unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::bytea[], $7::int[])
on conflict (id) do update set
    source = excluded.source, event = excluded.event, server = excluded.server,
    received_at = excluded.received_at, payload = excluded.payload,
    attempt = greatest(known.attempt, excluded.attempt),
    status = case when excluded.attempt > known.settled_attempt then 'pending' else known.status end,
    reason = case when excluded.attempt > known.settled_attempt then null else known.reason end
where known.received_at is null or excluded.attempt > known.attempt
"""
_NOTE_OUTCOMES: Final = """
insert into events as known (id, source, settled_attempt, status, reason)
select * from unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::text[])
on conflict (id) do update set
    settled_attempt = excluded.settled_attempt, status = excluded.status, reason = excluded.reason
where excluded.settled_attempt >= greatest(known.attempt, known.settled_attempt)
  and (excluded.settled_attempt > known.settled_attempt or excluded.status <> 'dead')
"""
_WANTED: Final = """from events where received_at is not null
    and ($1::text is null or source = $1)
    and ($2::text is null or event = $2)
    and ($3::text is null or status = $3)
    and ($4::text is null or server = $4)
    and ($5::timestamptz is null or received_at >= $5)
    and ($6::timestamptz is null or received_at < $6)
    and ($7::text is null
         or position($7 in lower(concat_ws(' ', id, source, event, server, reason))) > 0)"""


async def note_webhooks(pool: Pool, webhooks: Sequence[Webhook]) -> None:
    """Keep what came in; a repeat changes nothing, a replay makes the event pending again."""
    latest = {each.id: each for each in sorted(webhooks, key=lambda each: each.attempt)}
    rows = [
        (
            each.id,
            each.source,
            storable(each.event),
            None if each.server is None else storable(each.server),
            each.received_at,
            bytes(each.payload),
            each.attempt,
        )
        for each in latest.values()
    ]
    async with acquire(pool) as connection:
        await connection.execute(_NOTE_WEBHOOKS, *_columns(rows, 7))


async def note_outcomes(pool: Pool, outcomes: Sequence[Outcome]) -> None:
    """Keep what became of events: of the newest attempt, and of that, an effect rather than a death before it."""
    latest = {
        each.webhook_id: each for each in sorted(outcomes, key=lambda each: (each.attempt, each.status != "dead"))
    }
    rows = [
        (each.webhook_id, each.source, each.attempt, each.status, None if not each.reason else storable(each.reason))
        for each in latest.values()
    ]
    async with acquire(pool) as connection:
        await connection.execute(_NOTE_OUTCOMES, *_columns(rows, 5))


async def page_of_events(pool: Pool, wanted: EventFilter) -> EventPage:
    """Return a page, newest first."""
    filters = (
        wanted.source,
        wanted.event,
        wanted.status,
        wanted.server,
        wanted.since,
        wanted.until,
        wanted.search and wanted.search.lower(),
    )
    async with transaction(pool) as connection:
        total = await connection.fetchval(f"select count(*) {_WANTED}", *filters)
        rows = await connection.fetch(
            f"select {_SUMMARY} {_WANTED} order by received_at desc, id desc limit $8 offset $9",
            *filters,
            wanted.limit,
            wanted.offset,
        )
    return EventPage([_item(row) for row in rows], total, wanted.limit, wanted.offset)


async def find_event(pool: Pool, event_id: str) -> tuple[EventItem, bytes] | None:
    """Return an event and the sender's bytes."""
    async with acquire(pool) as connection:
        row = await connection.fetchrow(
            f"select {_SUMMARY}, payload from events where id = $1 and received_at is not null",  # noqa: S608
            event_id,
        )
    return None if row is None else (_item(row), row["payload"])


async def next_attempt(connection: Connection, event_id: str) -> Webhook | None:
    """Count one more attempt at an event, make it pending, and return it as it came."""
    row = await connection.fetchrow(
        f"""update events set attempt = attempt + 1, status = 'pending', reason = null
        where id = $1 and received_at is not null returning {_SUMMARY}, payload""",  # noqa: S608 (a constant)
        event_id,
    )
    if row is None:
        return None
    return Webhook(
        id=row["id"],
        source=row["source"],
        event=row["event"],
        received_at=row["received_at"],
        payload=msgspec.Raw(row["payload"]),
        server=row["server"],
        attempt=row["attempt"],
    )


async def forget_events(pool: Pool, *, before: datetime, limit: int) -> int:
    """Delete events that came before a moment, at most so many; return how many there were."""
    async with acquire(pool) as connection:
        tag = await connection.execute(
            """delete from events where id in (
                select id from events where noted_at < $1 order by noted_at limit $2 for update skip locked)""",
            before,
            limit,
        )
    return int(tag.rpartition(" ")[2])


def _item(row: asyncpg.Record) -> EventItem:
    return EventItem(
        id=row["id"],
        source=row["source"],
        event=row["event"],
        server=row["server"],
        received_at=row["received_at"],
        status=row["status"],
        reason=row["reason"],
        attempt=row["attempt"],
    )


def _columns(rows: Iterable[tuple[object, ...]], width: int) -> list[list[object]]:
    """Turn rows into columns, for `unnest`."""
    columns: list[list[object]] = [[] for _ in range(width)]
    for row in rows:
        for column, value in zip(columns, row, strict=True):
            column.append(value)
    return columns
