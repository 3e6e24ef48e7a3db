"""The syncer's SQL for readers: pages and counts of plays."""

from typing import Any, Final

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

_CONDITIONS: Final = {
    "person": "(person_id = {0} or lower(person_name) = lower({0}))",
    "type": "type = {0}",
    "since": "watched_at >= {0}",
    "until": "watched_at < {0}",
    "search": "(title ilike {0} or show ilike {0})",
}
_MOST_BARS = 20


class _Filters(msgspec.Struct, frozen=True):
    """The conditions that are asked for, and no others: then Postgres can use its indexes for them."""

    where: str
    values: tuple[Any, ...]


async def page_of_plays(connection: Connection, wanted: ListPlays) -> PlayPage:
    """Return plays, newest first."""
    filters = _filters(wanted)
    count = len(filters.values)
    # First the ids, from an index alone: however far the page is, only its own rows are read.
    rows = await connection.fetch(
        f"""select plays.* from plays join (
            select id from plays {filters.where} order by watched_at desc, id limit ${count + 1} offset ${count + 2}
        ) as chosen using (id) order by watched_at desc, id""",  # noqa: S608 (constants)
        *filters.values,
        wanted.limit,
        wanted.offset,
    )
    total = await connection.fetchval(f"select count(*) from plays {filters.where}", *filters.values)  # noqa: S608
    return PlayPage([_play(row) for row in rows], int(total), wanted.limit, wanted.offset)


async def stats_of_plays(connection: Connection, wanted: CountPlays) -> PlayStats:
    """Return the counts of plays, grouped in several ways."""
    filters = _filters(wanted)
    row = await connection.fetchrow(
        f"""select count(*) as total, count(*) filter (where type = 'movie') as movies,
            count(*) filter (where type = 'episode') as episodes,
            count(*) filter (where person_id is null) as unclaimed,
            coalesce(sum(duration_s), 0) as watched_s, min(watched_at) as first_at, max(watched_at) as last_at
        from plays {filters.where}""",  # noqa: S608 (constants)
        *filters.values,
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


async def _count_by(connection: Connection, filters: _Filters, name: str, *, by: str = "") -> list[Count]:
    """Count by a name; `by` separates people who share one."""
    rows = await connection.fetch(
        f"""select {name} as name, count(*) as plays from plays {filters.where} and {name} is not null
        group by {by}1 order by 2 desc, 1 limit {_MOST_BARS}""",  # noqa: S608 (constants)
        *filters.values,
    )
    return [Count(row["name"], row["plays"]) for row in rows]


async def _count_by_day(connection: Connection, filters: _Filters) -> list[Count]:
    rows = await connection.fetch(
        f"""select name, plays from (
            select to_char(watched_at at time zone 'UTC', 'YYYY-MM-DD') as name, count(*) as plays
            from plays {filters.where} group by 1 order by 1 desc limit 366) as days order by name""",  # noqa: S608 (constants)
        *filters.values,
    )
    return [Count(row["name"], row["plays"]) for row in rows]


def _filters(wanted: ListPlays | CountPlays) -> _Filters:
    given = {name: getattr(wanted, name) for name in _CONDITIONS} | {"search": like_pattern(wanted.search)}
    asked = [name for name in _CONDITIONS if given[name] is not None]
    conditions = [_CONDITIONS[name].format(f"${number}") for number, name in enumerate(asked, 1)]
    return _Filters("where " + " and ".join(["true", *conditions]), tuple(given[name] for name in asked))


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
