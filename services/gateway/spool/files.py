"""The open files of the spool: those that dead processes left, and then this process's own.

Blocking: all of it runs on the spool's own thread.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
import structlog

from services.gateway.spool import folder as folders
from services.gateway.spool.damage import Damage, DamageNotes
from services.gateway.spool.folder import Slot
from services.gateway.spool.record import DamagedSpoolError, Record, SpoolFullError, UnusableSpoolError
from services.gateway.spool.store import SpooledRecord, SpoolStore, Total

_log = structlog.get_logger()

_SLACK: Final = 2
"""A file may be so many times larger than the records in it."""


class Batch(msgspec.Struct, frozen=True):
    """The oldest records of one file, to be settled together."""

    store: SpoolStore
    kept: list[SpooledRecord]


class _File(msgspec.Struct, frozen=True):
    slot: Slot
    store: SpoolStore


class Files:
    """Appends to the process's own file; reads the files that others left first, and removes each once it is empty.

    A damaged file is set aside and replaced by a new one. `losses` counts how often something was lost.
    """

    def __init__(self, slots: list[Slot], notes: DamageNotes, *, max_size: int, clock: Callable[[], float]) -> None:
        self._notes = notes
        self._max_size = max_size
        self._clock = clock
        self.losses = 0
        self._own, *self._left = [_File(slot, self._open_store(slot)) for slot in slots]

    def append(self, records: list[Record], spooled_at: float) -> None:
        """Commit these records; raises `SpoolFullError`."""
        self._write(lambda store: store.append(records, spooled_at))

    def check_writable(self, at: float) -> None:
        """Commit a test row; raises `SpoolFullError` where records are not taken either."""
        self._write(lambda store: store.check_writable(at))

    def _write(self, commit: Callable[[SpoolStore], None]) -> None:
        self._require_own()
        try:
            commit(self._own.store)
        except DamagedSpoolError as exc:
            self._replace_own(exc)
            commit(self._own.store)
        self._notes.keep()

    def oldest(self, limit: int) -> Batch:
        """Return the first records that wait, and remove files of dead processes that are empty."""
        while self._left:
            if batch := self._read(self._left[0], limit):
                return batch
            _finish(self._left.pop(0))
        self._require_own()
        if batch := self._read(self._own, limit):
            return batch
        self._own.store.shrink()
        return Batch(self._own.store, [])

    def damage(self) -> list[Damage]:
        """Return what was found damaged or missing, until somebody removes the notes."""
        return self._notes.all()

    def _read(self, file: _File, limit: int) -> Batch | None:
        """Return what waits in a file; once it is empty, check that none was lost."""
        try:
            read = file.store.oldest(limit)
            while read.damaged:
                self._note_loss(file.slot, read.damaged, "records are not as they were put in", kept_as=file.slot.path)
                read = file.store.oldest(limit)
            if read.kept:
                return Batch(file.store, read.kept)
            self._check(file.slot, file.store)
        except DamagedSpoolError as exc:
            if file is self._own:
                self._replace_own(exc)
            else:
                file.store.close()
                self._set_aside(file.slot, exc)
        return None

    def _replace_own(self, damage: DamagedSpoolError) -> None:
        self._own.store.close()
        self._set_aside(self._own.slot, damage)
        self._require_own()

    def _require_own(self) -> None:
        """Make a new file if the last one was set aside: a full disk may have delayed that."""
        if self._own.store.is_closed:
            try:
                self._own = _File(self._own.slot, self._open_store(self._own.slot))
            except UnusableSpoolError as exc:
                raise SpoolFullError(exc.detail) from exc

    def _open_store(self, slot: Slot) -> SpoolStore:
        try:
            store = SpoolStore(slot.path, max_size=self._max_size)
        except DamagedSpoolError as exc:
            self._set_aside(slot, exc)
            store = SpoolStore(slot.path, max_size=self._max_size)
        if store.is_count_damaged:
            self._note_loss(slot, None, "the count of its records is damaged: nobody knows whether some are missing")
        self._check(slot, store)
        return store

    def _check(self, slot: Slot, store: SpoolStore) -> None:
        if missing := store.missing():
            self._note_loss(slot, missing, "records that were promised are missing")

    def _set_aside(self, slot: Slot, damage: DamagedSpoolError) -> None:
        aside = folders.set_aside(slot.path)
        self._note_loss(slot, damage.records, damage.detail, kept_as=aside if aside.exists() else None)

    def _note_loss(self, slot: Slot, records: int | None, reason: str, *, kept_as: Path | None = None) -> None:
        self.losses += 1
        self._notes.add(
            Damage(
                noticed_at=datetime.fromtimestamp(self._clock(), UTC),
                file=slot.path.name,
                records=records,
                reason=reason,
                kept_as=None if kept_as is None else kept_as.name,
            )
        )

    def totals(self) -> list[Total]:
        """Return what waits in all files, a source and a file at a time."""
        return [total for file in self._all() for total in file.store.totals()]

    def count_refused(self) -> int:
        """Return how many records JetStream will never take."""
        return sum(file.store.count_refused() for file in self._all())

    def oldest_at(self) -> float | None:
        """Return when the first that waits came."""
        return min((at for file in self._all() if (at := file.store.oldest_at()) is not None), default=None)

    def close(self) -> None:
        """Close and release all files, for another process to adopt."""
        for file in self._all():
            file.store.close()
            folders.release(file.slot)

    def _all(self) -> list[_File]:
        return [*self._left, self._own]


def open_files(folder: Path, *, size: int, clock: Callable[[], float]) -> Files:
    """Open the spool of this folder; raises `UnusableSpoolError`."""
    slots = folders.claim(folder)
    files = Files(slots, DamageNotes(folder), max_size=size * _SLACK, clock=clock)
    if slots[1:]:
        _log.info("spool_adopted", files=[slot.path.name for slot in slots[1:]])
    return files


def _finish(file: _File) -> None:
    """Remove a file in which nothing waits; keep one with records that JetStream refused."""
    refused = 0 if file.store.is_closed else file.store.count_refused()
    file.store.close()
    if refused:
        _log.warning("spool_kept_for_refused_records", path=str(file.slot.path), records=refused)
        folders.release(file.slot)
    else:
        folders.discard(file.slot)
