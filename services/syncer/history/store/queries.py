"""The syncer's SQL for readers: pages and counts of plays."""

from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from shared.postgres.pool import Connection
from shared.postgres.text import like_pattern
from shared.schemas.history import (
    AccountRef,
    Count,
    CountPlays,
    ListPlays,
    PersonRef,
    Play,
    PlayIds,
    PlayPage,
    PlayStats,
)
from shared.schemas.media import Ids

_WHERE = """where ($1::text is null or person_id = $1 or lower(person_name) = lower($1))
    and ($2::text is null or type = $2)
    and ($3::timestamptz is null or watched_at >= $3)
    and ($4::timestamptz is null or watched_at < $4)
    and ($5::text is null or title ilike $5 or show ilike $5)"""
_MOST_BARS = 20


async def page_of_plays(connection: Connection, wanted: ListPlays) -> PlayPage:
    """Return plays, newest first."""
    filters = _filters(wanted)
    rows = await connection.fetch(
        f"""select * from plays {_WHERE}
        order by watched_at desc, id limit $6 offset $7""",  # noqa: S608 (a constant)
        *filters,
        wanted.limit,
        wanted.offset,
    )
    total = await _total(connection, filters)
    return PlayPage([_play(row) for row in rows], total, wanted.limit, wanted.offset)


async def _total(connection: Connection, filters: tuple[Any, ...]) -> int:
    return int(await connection.fetchval(f"select count(*) from plays {_WHERE}", *filters))  # noqa: S608 (a constant)


async def stats_of_plays(connection: Connection, wanted: CountPlays) -> PlayStats:
    """Return the counts of plays, grouped in several ways."""
    filters = _filters(wanted)
    row = await connection.fetchrow(
        f"""select count(*) as total, count(*) filter (where type = 'movie') as movies,
            count(*) filter (where type = 'episode') as episodes,
            count(*) filter (where person_id is null) as unclaimed,
            coalesce(sum(duration_s), 0) as watched_s, min(watched_at) as first_at, max(watched_at) as last_at
        from plays {_WHERE}""",  # noqa: S608 (a constant)
        *filters,
    )
    assert row is not None
    return PlayStats(
        **dict(row),
        by_person=await _count_by(connection, filters, "coalesce(person_name, 'unclaimed')", by="person_id, "),
        by_source=await _count_by(connection, filters, "feeder"),
        by_day=await _count_by_day(connection, filters),
        top_shows=await _count_by(connection, filters, "show"),
        top_movies=await _count_by(connection, filters, "case when type = 'movie' then title end"),
    )


async def _count_by(connection: Connection, filters: tuple[Any, ...], name: str, *, by: str = "") -> list[Count]:
    """Count by a name; `by` separates people who share one."""
    rows = await connection.fetch(
        f"""select {name} as name, count(*) as plays from plays {_WHERE} and {name} is not null
        group by {by}1 order by 2 desc, 1 limit {_MOST_BARS}""",  # noqa: S608 (constants)
        *filters,
    )
    return [Count(row["name"], row["plays"]) for row in rows]


async def _count_by_day(connection: Connection, filters: tuple[Any, ...]) -> list[Count]:
    rows = await connection.fetch(
        f"""select name, plays from (
            select to_char(watched_at at time zone 'UTC', 'YYYY-MM-DD') as name, count(*) as plays
            from plays {_WHERE} group by 1 order by 1 desc limit 366) as days order by name""",  # noqa: S608 (a constant)
        *filters,
    )
    return [Count(row["name"], row["plays"]) for row in rows]


def _filters(
    wanted: ListPlays | CountPlays,
) -> tuple[str | None, str | None, datetime | None, datetime | None, str | None]:
    return (wanted.person, wanted.type, wanted.since, wanted.until, like_pattern(wanted.search))


def _play(row: asyncpg.Record) -> Play:
    plain = ("id", "type", "title", "show", "season", "episode", "year", "watched_at")
    return Play(
        **{name: row[name] for name in plain},
        person=PersonRef(row["person_id"], row["person_name"]) if row["person_id"] else None,
        account=AccountRef(row["source"], row["server"], row["account_id"], row["account_name"]),
        ids=_first(row["ids"]),
        show_ids=_first(row["show_ids"]),
        source=row["feeder"],
        server=row["feeder_server"],
    )


def _first(encoded: str) -> PlayIds:
    ids = msgspec.json.decode(encoded, type=Ids)
    return PlayIds(**{name: next(iter(getattr(ids, name)), None) for name in PlayIds.__struct_fields__})
