"""The spool's SQL, on SQLite (WAL, synchronous=FULL): once `append` returns, the records are on the disk.

Blocking: all of it runs on the spool's own thread.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from services.gateway.spool.expected_count import SUFFIX, ExpectedCount
from services.gateway.spool.record import DamagedSpoolError, Record, SpoolFullError, UnusableSpoolError, checksum
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
    refused text,
    checksum blob
)
"""
_ATTEMPTS: Final = "create table if not exists attempts (id integer primary key, at real not null)"
_APPEND: Final = """
insert into records (source, subject, message_id, headers, data, spooled_at, checksum) values (?, ?, ?, ?, ?, ?, ?)
"""
_OLDEST: Final = """
select sequence, source, subject, message_id, headers, data, checksum from records
where refused is null order by sequence limit ?
"""
_TOTALS: Final = """
select source, count(*), sum(length(data)) from records where refused is null group by source
"""
_PAGE: Final = 4096
_BATCH: Final = 8 * 1024 * 1024
"""Bytes read at once, whatever the number of records."""
_DAMAGED: Final = "its checksum is not that of its content"
_CORRUPT: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class SpooledRecord(msgspec.Struct, frozen=True):
    """A record and its place in the order."""

    sequence: int
    record: Record


class Read(msgspec.Struct, frozen=True):
    """Records that are whole, and how many were damaged and set aside."""

    kept: list[SpooledRecord]
    damaged: int = 0


class Total(msgspec.Struct, frozen=True):
    """How much of one source waits."""

    source: str
    records: int
    size: int


class SpoolStore:
    """One file. `max_size` limits the file itself, so that a wrong count cannot fill the disk.

    Opening raises `UnusableSpoolError` or `DamagedSpoolError`, appending `SpoolFullError`, and all else
    `UnavailableError` where the disk fails. Where the file turns out to be damaged it is a `DamagedSpoolError`.
    """

    def __init__(self, path: Path, *, max_size: int) -> None:
        try:
            self._expected = ExpectedCount(path.with_name(path.name + SUFFIX))
            _refuse_cut(path, self._expected)
            path.touch(mode=0o600)
            self._connection = sqlite3.connect(path)
        except (OSError, sqlite3.Error) as exc:
            raise UnusableSpoolError(f"the spool {path} cannot be opened: {exc}") from exc
        try:
            self._prepare(max_size)
        except sqlite3.DatabaseError as exc:
            self.close()
            if isinstance(exc, sqlite3.OperationalError) and not _is_damage(exc):
                raise UnusableSpoolError(f"the spool {path} cannot be used: {exc}") from exc
            raise DamagedSpoolError(str(exc), records=self._expected.records) from exc

    def _prepare(self, max_size: int) -> None:
        # damaged text is found by its checksum, and must not keep the rest from being read
        self._connection.text_factory = lambda raw: raw.decode(errors="replace")
        pragmas = ("journal_mode = wal", "synchronous = full", "journal_size_limit = 4194304")
        for pragma in (*pragmas, f"max_page_count = {max_size // _PAGE}"):
            self._connection.execute(f"pragma {pragma}")
        with self._connection:
            self._connection.execute(_SCHEMA)
            columns = {row[1] for row in self._connection.execute("pragma table_info(records)")}
            if "checksum" not in columns:  # an older version made it
                self._connection.execute("alter table records add column checksum blob")
        self._connection.execute(_TOTALS).fetchall()  # walks through all pages: damage shows here and not later

    @property
    def is_closed(self) -> bool:
        """True once nothing can be read or written any more."""
        return self._expected.is_closed

    @property
    def is_count_damaged(self) -> bool:
        """True where it is unknown how many records should be there."""
        return self._expected.is_damaged

    def missing(self) -> int:
        """Return how many records are missing, and stop expecting them."""
        with self._translate_errors():
            found = int(self._connection.execute("select count(*) from records").fetchone()[0])
        expected = self._expected.records
        if expected != found:
            self._expected.expect(found)
        return 0 if expected is None else max(0, expected - found)

    def append(self, records: Sequence[Record], spooled_at: float) -> None:
        """Add records in this order, all or none."""
        rows = [_row(each, spooled_at) for each in records]
        with self._commit():
            self._connection.executemany(_APPEND, rows)
        self._expected.expect((self._expected.records or 0) + len(rows))

    def check_writable(self, at: float) -> None:
        """Commit a test row, to learn whether a commit works."""
        with self._commit():
            self._connection.execute(_ATTEMPTS)
            self._connection.execute("insert or replace into attempts (id, at) values (1, ?)", (at,))

    @contextmanager
    def _commit(self) -> Iterator[None]:
        try:
            with self._connection:
                yield
        except sqlite3.Error as exc:
            if _is_damage(exc):
                raise DamagedSpoolError(str(exc), records=self._expected.records) from exc
            raise SpoolFullError(f"the spool cannot be written: {exc}") from exc

    def oldest(self, limit: int) -> Read:
        """Return the first records, in the order they came."""
        with self._translate_errors():
            kept: list[SpooledRecord] = []
            damaged: list[int] = []
            for sequence, record in self._oldest(limit):
                if record is None:
                    damaged.append(sequence)
                else:
                    kept.append(SpooledRecord(sequence, record))
        if damaged:
            self.settle([], [(sequence, _DAMAGED) for sequence in damaged])
        return Read(kept, len(damaged))

    def _oldest(self, limit: int) -> Iterator[tuple[int, Record | None]]:
        size = 0
        for row in self._connection.execute(_OLDEST, (limit,)):
            yield row[0], _record(*row[1:])
            size += len(row[5] or b"")
            if size >= _BATCH:
                return

    def settle(self, stored: Sequence[int], refused: Sequence[tuple[int, str]]) -> None:
        """Remove what JetStream has stored, and mark what it will never take."""
        before = self._expected.records or 0
        if stored:
            self._expected.expect(before - len(stored), durably=True)
        try:
            with self._translate_errors(), self._connection:
                self._connection.executemany("delete from records where sequence = ?", [(each,) for each in stored])
                self._connection.executemany(
                    "update records set refused = ? where sequence = ?",
                    [(reason, sequence) for sequence, reason in refused],
                )
        except DamagedSpoolError:
            raise
        except UnavailableError:
            self._expected.expect(before)
            raise

    def totals(self) -> list[Total]:
        """Return what waits, a source at a time."""
        with self._translate_errors():
            return [Total(*row) for row in self._connection.execute(_TOTALS)]

    def count_refused(self) -> int:
        """Return how many records JetStream will never take."""
        with self._translate_errors():
            row = self._connection.execute("select count(*) from records where refused is not null").fetchone()
        return int(row[0])

    def oldest_at(self) -> float | None:
        """Return when the first of those that wait came, in seconds since 1970."""
        with self._translate_errors():
            row = self._connection.execute(
                "select spooled_at from records where refused is null order by sequence limit 1"
            ).fetchone()
        return None if row is None else float(row[0])

    def shrink(self) -> None:
        """Free the disk space of a spool that was full, once it is empty."""
        with self._translate_errors():
            if self._connection.execute("pragma page_count").fetchone()[0] > _BATCH // _PAGE:
                self._connection.execute("vacuum")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
        self._expected.close()

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as exc:
            if _is_damage(exc):
                raise DamagedSpoolError(str(exc), records=self._expected.records) from exc
            raise UnavailableError(f"the spool's disk fails: {exc}") from exc


def _refuse_cut(path: Path, expected: ExpectedCount) -> None:
    """Raise `DamagedSpoolError` for a truncated file: SQLite would take it for a new one and discard its log."""
    if expected.records and not (path.exists() and path.stat().st_size):
        expected.close()
        raise DamagedSpoolError("the file is gone, or cut to nothing", records=expected.records)


def _is_damage(exc: sqlite3.Error) -> bool:
    return getattr(exc, "sqlite_errorcode", 0) & 0xFF in _CORRUPT


def _row(record: Record, spooled_at: float) -> tuple[object, ...]:
    headers = msgspec.json.encode(record.headers)
    return (
        record.source,
        record.subject,
        record.message_id,
        headers,
        record.data,
        spooled_at,
        checksum(
            source=record.source,
            subject=record.subject,
            message_id=record.message_id,
            headers=headers,
            data=record.data,
        ),
    )


def _record(
    source: str, subject: str, message_id: str, headers: bytes, data: bytes, promised: bytes | None
) -> Record | None:
    """Return the record, None where it is damaged. Records of older versions have no checksum."""
    try:
        found = checksum(source=source, subject=subject, message_id=message_id, headers=headers, data=data)
        named = msgspec.json.decode(headers, type=dict[str, str])
    except (AttributeError, TypeError, msgspec.MsgspecError, UnicodeDecodeError):
        return None  # values of other types than were written
    if promised not in {None, found}:
        return None
    return Record(source=source, subject=subject, message_id=message_id, data=data, headers=named)
