"""The runs of all services, kept from what their events say, in whatever order and however often those come."""

from datetime import datetime
from typing import Final

import msgspec

from services.gateway.events.shapes import RunFilter, RunPage
from shared.postgres.pool import Pool, acquire, transaction
from shared.schemas.runs import Run

_WANTED: Final = "from known_runs where ($1::text is null or kind = $1) and ($2::text is null or status = $2)"

_run = msgspec.json.Decoder(Run)


async def note_run(pool: Pool, run: Run) -> None:
    """Keep how a run is, unless something newer is known of it."""
    async with acquire(pool) as connection:
        await connection.execute(
            """insert into known_runs as known (id, kind, status, requested_at, finished_at, sequence, run)
            values ($1, $2, $3, $4, $5, $6, $7)
            on conflict (id) do update set status = excluded.status, finished_at = excluded.finished_at,
                sequence = excluded.sequence, run = excluded.run
            where excluded.sequence > known.sequence""",
            run.id,
            run.kind,
            run.status,
            run.requested_at,
            run.finished_at,
            run.sequence,
            msgspec.json.encode(run),
        )


async def page_of_runs(pool: Pool, wanted: RunFilter) -> RunPage:
    """Return a page, newest first."""
    async with transaction(pool) as connection:
        total = await connection.fetchval(f"select count(*) {_WANTED}", wanted.kind, wanted.status)
        rows = await connection.fetch(
            f"select run {_WANTED} order by requested_at desc, id desc limit $3 offset $4",
            wanted.kind,
            wanted.status,
            wanted.limit,
            wanted.offset,
        )
    return RunPage([_run.decode(row["run"]) for row in rows], total, wanted.limit, wanted.offset)


async def find_run(pool: Pool, run_id: str) -> Run | None:
    """Return a run."""
    async with acquire(pool) as connection:
        found = await connection.fetchval("select run from known_runs where id = $1", run_id)
    return None if found is None else _run.decode(found)


async def newest_runs(pool: Pool) -> dict[str, Run]:
    """Return the newest run of each kind."""
    async with acquire(pool) as connection:
        rows = await connection.fetch(
            """select newest.run from (select distinct kind from known_runs) as kinds, lateral (
                select run from known_runs where kind = kinds.kind order by requested_at desc, id desc limit 1
            ) as newest"""
        )
    runs = [_run.decode(row["run"]) for row in rows]
    return {run.kind: run for run in runs}


async def forget_runs(pool: Pool, *, before: datetime) -> None:
    """Forget runs that ended, or of which nothing was heard, before a moment."""
    async with acquire(pool) as connection:
        await connection.execute("delete from known_runs where coalesce(finished_at, requested_at) < $1", before)
