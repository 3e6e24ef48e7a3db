"""Dead letters. A dropped one leaves its row behind: the stream, which keeps them for 90 days, cannot bring it back."""

from datetime import datetime

import asyncpg
import msgspec

from services.gateway.events.shapes import DeadLetterFilter, DeadLetterItem, DeadLetterPage
from shared.postgres.pool import Connection, Pool, acquire, transaction
from shared.postgres.text import storable
from shared.schemas.dead import DeadLetter

_SUMMARY = "id, service, consumer, subject, message_id, reason, attempts, died_at, status, replays"
_WANTED = """from dead_letters where status <> 'dropped'
    and ($1::text is null or service = $1)
    and ($2::text is null or status = $2)
    and ($3::timestamptz is null or died_at >= $3)
    and ($4::timestamptz is null or died_at < $4)
    and ($5::text is null or position($5 in lower(concat_ws(' ', subject, message_id, reason))) > 0)"""


async def note_dead_letter(pool: Pool, letter: DeadLetter) -> None:
    """Keep a letter; one that was replayed or dropped counts again only where its message has died since."""
    async with acquire(pool) as connection:
        await connection.execute(
            """insert into dead_letters as known
                (id, service, consumer, subject, message_id, reason, attempts, died_at, payload)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            on conflict (id) do update set
                reason = excluded.reason, attempts = excluded.attempts, died_at = excluded.died_at,
                payload = excluded.payload, status = 'waiting'
            where excluded.died_at > known.died_at""",
            letter.id,
            letter.service,
            letter.consumer,
            storable(letter.subject),
            storable(letter.message_id),
            storable(letter.reason),
            letter.attempts,
            letter.dropped_at,
            msgspec.json.encode(letter),
        )


async def page_of_dead_letters(pool: Pool, wanted: DeadLetterFilter) -> DeadLetterPage:
    """Return a page, newest first."""
    filters = (wanted.service, wanted.status, wanted.since, wanted.until, wanted.search and wanted.search.lower())
    async with transaction(pool) as connection:
        total = await connection.fetchval(f"select count(*) {_WANTED}", *filters)
        rows = await connection.fetch(
            f"select {_SUMMARY} {_WANTED} order by died_at desc, id desc limit $6 offset $7",
            *filters,
            wanted.limit,
            wanted.offset,
        )
    return DeadLetterPage([_item(row) for row in rows], total, wanted.limit, wanted.offset)


async def find_dead_letter(pool: Pool, letter_id: str) -> tuple[DeadLetterItem, DeadLetter] | None:
    """Return a letter as a list shows it, and as it came."""
    async with acquire(pool) as connection:
        row = await connection.fetchrow(
            f"select {_SUMMARY}, payload from dead_letters where id = $1 and status <> 'dropped'",  # noqa: S608
            letter_id,
        )
    return None if row is None else (_item(row), _letter(row))


async def next_replay(connection: Connection, letter_id: str) -> tuple[int, DeadLetter] | None:
    """Count one more replay of a letter, and return the count and the letter."""
    row = await connection.fetchrow(
        """update dead_letters set replays = replays + 1, status = 'replayed'
        where id = $1 and status <> 'dropped' returning replays, payload""",
        letter_id,
    )
    return None if row is None else (row["replays"], _letter(row))


async def drop_dead_letter(connection: Connection, letter_id: str) -> bool:
    """Drop a letter for good; False where there is none."""
    tag = await connection.execute(
        "update dead_letters set status = 'dropped', payload = '' where id = $1 and status <> 'dropped'", letter_id
    )
    return tag != "UPDATE 0"


async def forget_dead_letters(pool: Pool, *, before: datetime) -> None:
    """Delete letters that died before a moment: no stream has them any more."""
    async with acquire(pool) as connection:
        await connection.execute("delete from dead_letters where died_at < $1", before)


def _letter(row: asyncpg.Record) -> DeadLetter:
    return msgspec.json.decode(row["payload"], type=DeadLetter)


def _item(row: asyncpg.Record) -> DeadLetterItem:
    return DeadLetterItem(
        id=row["id"],
        service=row["service"],
        consumer=row["consumer"],
        subject=row["subject"],
        message_id=row["message_id"],
        reason=row["reason"],
        attempts=row["attempts"],
        died_at=row["died_at"],
        status=row["status"],
        replays=row["replays"],
    )
