"""The open files of the spool: this process's own, and before it in the order those that dead processes left.

Blocking: all of it runs on the spool's own thread.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec
import structlog

from services.gateway.spool import folder as folders
from services.gateway.spool.folder import Slot
from services.gateway.spool.record import DamagedSpoolError, Record
from services.gateway.spool.store import Kept, SpoolStore, Total

_log = structlog.get_logger()

_SLACK: Final = 2
"""A file may be so many times larger than the records in it."""


class Batch(msgspec.Struct, frozen=True):
    """The oldest records of one file, to be settled together."""

    store: SpoolStore
    kept: list[Kept]


class _File(msgspec.Struct, frozen=True):
    slot: Slot
    store: SpoolStore


class Files:
    """Appends to the own file; gives back from the left ones first, and removes each once it is empty."""

    def __init__(self, own: _File, left: Iterable[_File]) -> None:
        self._own = own
        self._left = list(left)

    def append(self, records: list[Record], spooled_at: float) -> None:
        """Commit these records; raises `SpoolFullError`."""
        self._own.store.append(records, spooled_at)

    def attempt(self, at: float) -> None:
        """Commit something to the own file; raises `SpoolFullError`."""
        self._own.store.attempt(at)

    def oldest(self, limit: int) -> Batch:
        """Return the first records that wait; a left file that has none any more is removed."""
        while self._left:
            store = self._left[0].store
            if kept := store.oldest(limit):
                return Batch(store, kept)
            _finish(self._left.pop(0))
        store = self._own.store
        if not (kept := store.oldest(limit)):
            store.shrink()
        return Batch(store, kept)

    def totals(self) -> list[Total]:
        """Return what waits in all files, a source and a file at a time."""
        return [total for file in self._all() for total in file.store.totals()]

    def refused(self) -> int:
        """Return how many records JetStream will never take."""
        return sum(file.store.refused() for file in self._all())

    def oldest_at(self) -> float | None:
        """Return when the first that waits came."""
        return min((at for file in self._all() if (at := file.store.oldest_at()) is not None), default=None)

    def close(self) -> None:
        """Let go of all files, for another process to adopt."""
        for file in self._all():
            file.store.close()
            folders.release(file.slot)

    def _all(self) -> list[_File]:
        return [*self._left, self._own]


def open_files(folder: Path, *, size: int) -> Files:
    """Open the spool of this folder; raises `UnusableSpoolError`."""
    own, *left = [_File(slot, _opened(slot.path, size * _SLACK)) for slot in folders.claim(folder)]
    if left:
        _log.info("spool_adopted", files=[file.slot.path.name for file in left])
    return Files(own, left)


def _opened(path: Path, max_size: int) -> SpoolStore:
    try:
        return SpoolStore(path, max_size=max_size)
    except DamagedSpoolError as exc:
        aside = folders.set_aside(path)
        _log.error("spool_damaged", path=str(path), kept_as=str(aside), reason=exc.detail)
        return SpoolStore(path, max_size=max_size)


def _finish(file: _File) -> None:
    refused = file.store.refused()
    file.store.close()
    if refused:
        _log.warning("spool_kept_for_refused_records", path=str(file.slot.path), records=refused)
        folders.release(file.slot)
    else:
        folders.discard(file.slot)
