"""The runs of a service, in its own schema: only open runs change, and each change raises their `sequence`."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

import asyncpg
import msgspec

from shared.postgres.pool import Connection
from shared.postgres.text import storable
from shared.schemas.runs import Progress, Run, RunError, Status

MOST_ERRORS: Final = 50
_LONGEST_TEXT: Final = 300
_OPEN: Final = "(status in ('queued', 'running'))"

_counts = msgspec.json.Decoder(dict[str, int])
_errors = msgspec.json.Decoder(tuple[RunError, ...])


class RunRow(msgspec.Struct, frozen=True, kw_only=True):
    """A run as it is stored. `page` is the next one; its job was queued at `queued_at`.

    `published_at` is when the last event about the run was published.
    """

    id: str
    kind: str
    subject: str
    status: Status
    requested_by: str
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    done: int
    total: int | None
    counts: dict[str, int]
    errors: tuple[RunError, ...]
    checkpoint: bytes
    page: int
    sequence: int
    queued_at: datetime
    published_at: datetime

    def as_run(self, service: str) -> Run:
        """Return the run as it is shown."""
        lasted = None
        if self.finished_at is not None:
            lasted = int((self.finished_at - (self.started_at or self.finished_at)).total_seconds() * 1000)
        return Run(
            id=self.id,
            service=service,
            kind=self.kind,
            subject=self.subject,
            status=self.status,
            requested_by=self.requested_by,
            requested_at=self.requested_at,
            started_at=self.started_at,
            finished_at=self.finished_at,
            duration_ms=lasted,
            progress=Progress(self.done, self.total),
            counts=self.counts,
            errors=self.errors,
            sequence=self.sequence,
        )


_COLUMNS: Final = ", ".join(RunRow.__struct_fields__)


async def insert(connection: Connection, row: RunRow) -> bool:
    """Store a new run; return False if one of its kind and subject is open."""
    inserted = await connection.fetchval(
        f"""insert into runs (id, kind, subject, status, requested_by, requested_at, checkpoint,
            queued_at, published_at) values ($1, $2, $3, 'queued', $4, $5, $6, $5, $5)
        on conflict (kind, subject) where {_OPEN} do nothing returning true""",  # noqa: S608 (a constant)
        row.id,
        row.kind,
        row.subject,
        row.requested_by,
        row.requested_at,
        row.checkpoint,
    )
    return inserted is True


async def find_open(connection: Connection, kind: str, subject: str) -> RunRow | None:
    """Return the open run of a kind and subject."""
    return await _find(connection, f"kind = $1 and subject = $2 and {_OPEN}", kind, subject)


async def hold(connection: Connection, run_id: str, *, page: int | None = None) -> RunRow | None:
    """Return an open run, and let nobody else change it before the transaction ends; `page` is the one to be next."""
    wanted = f"id = $1 and {_OPEN} and ($2::int is null or page = $2) for update"
    return await _find(connection, wanted, run_id, page)


async def hold_finished(connection: Connection, run_id: str) -> RunRow | None:
    """Return a run that is over, held like an open one."""
    return await _find(connection, f"id = $1 and not {_OPEN} for update", run_id)


async def _find(connection: Connection, wanted: str, *values: str | int | None) -> RunRow | None:
    row = await connection.fetchrow(f"select {_COLUMNS} from runs where {wanted}", *values)  # noqa: S608 (constants)
    return None if row is None else _row(row)


async def save(connection: Connection, row: RunRow) -> RunRow:
    """Store a locked run with the next sequence number."""
    saved = msgspec.structs.replace(row, sequence=row.sequence + 1)
    await connection.execute(
        """update runs set status = $2, started_at = $3, finished_at = $4, done = $5, total = $6, counts = $7,
            errors = $8, checkpoint = $9, page = $10, sequence = $11, queued_at = $12,
            published_at = $13 where id = $1""",
        saved.id,
        saved.status,
        saved.started_at,
        saved.finished_at,
        saved.done,
        saved.total,
        msgspec.json.encode(saved.counts).decode(),
        msgspec.json.encode(saved.errors).decode(),
        saved.checkpoint,
        saved.page,
        saved.sequence,
        saved.queued_at,
        saved.published_at,
    )
    return saved


async def hold_lost(connection: Connection, kinds: Collection[str], *, queued_before: datetime) -> list[RunRow]:
    """Return and hold open runs whose page was queued long ago, and is in neither the outbox nor `retries`."""
    rows = await connection.fetch(
        f"""select {_COLUMNS} from runs where {_OPEN} and queued_at < $1 and kind = any($2::text[])
        and not exists (select 1 from outbox where message_id = runs.id || ':' || page)
        and not exists (select 1 from retries where message_id = runs.id || ':' || page)
        order by queued_at limit 100 for update skip locked""",  # noqa: S608 (a constant)
        queued_before,
        list(kinds),
    )
    return [_row(row) for row in rows]


async def delete_old(connection: Connection, *, finished_before: datetime) -> None:
    """Delete runs that ended long ago."""
    await connection.execute("delete from runs where finished_at < $1", finished_before)


def with_errors(known: tuple[RunError, ...], more: tuple[RunError, ...]) -> tuple[RunError, ...]:
    """Return the first errors of both, each short enough to show."""
    new = (RunError(storable(each.what)[:_LONGEST_TEXT], storable(each.why)[:_LONGEST_TEXT]) for each in more)
    return (*known, *new)[:MOST_ERRORS]


def _row(row: asyncpg.Record) -> RunRow:
    values = dict(row)
    return RunRow(**{**values, "counts": _counts.decode(row["counts"]), "errors": _errors.decode(row["errors"])})
