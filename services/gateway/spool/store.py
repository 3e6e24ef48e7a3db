"""The spool's SQL, on SQLite (WAL, synchronous=FULL): what `append` returned from is on the disk.

Blocking: all of it runs on the spool's own thread.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from services.gateway.spool.record import DamagedSpoolError, Record, SpoolFullError, UnusableSpoolError
from shared.errors import UnavailableError

_SCHEMA: Final = """
create table if not exists records (
    sequence integer primary key,
    source text not null,
    subject text not null,
    message_id text not null,
    headers blob not null,
    data blob not null,
    spooled_at real not null,
    refused text
)
"""
_ATTEMPTS: Final = "create table if not exists attempts (id integer primary key, at real not null)"
_APPEND: Final = (
    "insert into records (source, subject, message_id, headers, data, spooled_at) values (?, ?, ?, ?, ?, ?)"
)
_OLDEST: Final = """
select sequence, source, subject, message_id, headers, data from records
where refused is null order by sequence limit ?
"""
_TOTALS: Final = """
select source, count(*), sum(length(data)) from records where refused is null group by source
"""
_PAGE: Final = 4096
_BATCH: Final = 8 * 1024 * 1024
"""Bytes read at once, whatever the number of records."""


class Kept(msgspec.Struct, frozen=True):
    """A record and its place in the order."""

    sequence: int
    record: Record


class Total(msgspec.Struct, frozen=True):
    """What waits of one source."""

    source: str
    records: int
    size: int


class SpoolStore:
    """One file. `max_size` bounds it from below the tally, so that a wrong count cannot fill the disk.

    Opening raises `UnusableSpoolError` or `DamagedSpoolError`, appending `SpoolFullError`, and all else
    `UnavailableError` where the disk fails.
    """

    def __init__(self, path: Path, *, max_size: int) -> None:
        try:
            path.touch(mode=0o600)
            self._connection = sqlite3.connect(path)
        except (OSError, sqlite3.Error) as exc:
            raise UnusableSpoolError(f"the spool {path} cannot be opened: {exc}") from exc
        try:
            self._prepare(max_size)
        except sqlite3.OperationalError as exc:
            self._connection.close()
            raise UnusableSpoolError(f"the spool {path} cannot be used: {exc}") from exc
        except sqlite3.DatabaseError as exc:
            self._connection.close()
            raise DamagedSpoolError(str(exc)) from exc

    def _prepare(self, max_size: int) -> None:
        pragmas = ("journal_mode = wal", "synchronous = full", "journal_size_limit = 4194304")
        for pragma in (*pragmas, f"max_page_count = {max_size // _PAGE}"):
            self._connection.execute(f"pragma {pragma}")
        with self._connection:
            self._connection.execute(_SCHEMA)
        self._connection.execute(_TOTALS).fetchall()  # walks through all pages: damage shows here and not later

    def append(self, records: Sequence[Record], spooled_at: float) -> None:
        """Add records in this order, all or none."""
        rows = [
            (each.source, each.subject, each.message_id, msgspec.json.encode(each.headers), each.data, spooled_at)
            for each in records
        ]
        try:
            with self._connection:
                self._connection.executemany(_APPEND, rows)
        except sqlite3.Error as exc:
            raise SpoolFullError(f"the spool cannot be written: {exc}") from exc

    def attempt(self, at: float) -> None:
        """Commit something that is no record, so that it is known that a commit works."""
        try:
            with self._connection:
                self._connection.execute(_ATTEMPTS)
                self._connection.execute("insert or replace into attempts (id, at) values (1, ?)", (at,))
        except sqlite3.Error as exc:
            raise SpoolFullError(f"the spool cannot be written: {exc}") from exc

    def oldest(self, limit: int) -> list[Kept]:
        """Return the first records in the order of their coming."""
        with _translated():
            return list(self._oldest(limit))

    def _oldest(self, limit: int) -> Iterator[Kept]:
        size = 0
        for row in self._connection.execute(_OLDEST, (limit,)):
            kept = _kept(*row)
            yield kept
            size += len(kept.record.data)
            if size >= _BATCH:
                return

    def settle(self, stored: Sequence[int], refused: Sequence[tuple[int, str]]) -> None:
        """Remove what JetStream has stored, and mark what it will never take."""
        with _translated(), self._connection:
            self._connection.executemany("delete from records where sequence = ?", [(each,) for each in stored])
            self._connection.executemany(
                "update records set refused = ? where sequence = ?",
                [(reason, sequence) for sequence, reason in refused],
            )

    def totals(self) -> list[Total]:
        """Return what waits, a source at a time."""
        with _translated():
            return [Total(*row) for row in self._connection.execute(_TOTALS)]

    def refused(self) -> int:
        """Return how many records JetStream will never take."""
        with _translated():
            row = self._connection.execute("select count(*) from records where refused is not null").fetchone()
        return int(row[0])

    def oldest_at(self) -> float | None:
        """Return when the first of those that wait came, in seconds since 1970."""
        with _translated():
            row = self._connection.execute(
                "select spooled_at from records where refused is null order by sequence limit 1"
            ).fetchone()
        return None if row is None else float(row[0])

    def shrink(self) -> None:
        """Give the disk back what a full spool took, once nothing is left."""
        with _translated():
            if self._connection.execute("pragma page_count").fetchone()[0] > _BATCH // _PAGE:
                self._connection.execute("vacuum")

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def _kept(sequence: int, source: str, subject: str, message_id: str, headers: bytes, data: bytes) -> Kept:
    named = msgspec.json.decode(headers, type=dict[str, str])
    return Kept(sequence, Record(source=source, subject=subject, message_id=message_id, data=data, headers=named))


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as exc:
        raise UnavailableError(f"the spool's disk fails: {exc}") from exc
