"""The spool's files: one for each gateway process, locked while it lives, adopted by another once it is dead.

The lock is a file of its own, because closing any handle of an SQLite file drops SQLite's own locks on it.
"""

import fcntl
import itertools
import os
from pathlib import Path
from typing import Final

import msgspec

from services.gateway.spool.expected_count import SUFFIX
from services.gateway.spool.record import UnusableSpoolError

_SUFFIXES: Final = ("", "-wal", "-shm")


class Slot(msgspec.Struct, frozen=True):
    """A file that this process alone may open, for as long as `lock` is open."""

    path: Path
    lock: int


def claim(folder: Path) -> list[Slot]:
    """Return this process's slot, the first free one, and after it those that dead processes left behind."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        numbered = (folder / f"spool-{number}.sqlite" for number in itertools.count())
        own = next(slot for path in numbered if (slot := _lock(path)))
        left = [slot for path in _paths(folder) if (slot := _lock(path))]
    except OSError as exc:
        raise UnusableSpoolError(f"the spool's folder {folder} cannot be used: {exc.strerror}") from exc
    return [own, *left]


def _paths(folder: Path) -> list[Path]:
    """Return the files that exist, and those of which only the count is left."""
    counted = (path.with_name(path.name.removesuffix(SUFFIX)) for path in folder.glob(f"spool-*.sqlite{SUFFIX}"))
    return sorted({*folder.glob("spool-*.sqlite"), *counted})


def release(slot: Slot) -> None:
    """Unlock a slot for other processes."""
    os.close(slot.lock)


def discard(slot: Slot) -> None:
    """Remove an empty slot."""
    for suffix in (*_SUFFIXES, SUFFIX):
        _sibling(slot.path, suffix).unlink(missing_ok=True)
    _sibling(slot.path, ".lock").unlink(missing_ok=True)
    release(slot)


def set_aside(path: Path) -> Path:
    """Move a damaged file aside for somebody to look at, and return where it is."""
    target = next(name for number in itertools.count(1) if not (name := _sibling(path, f".damaged-{number}")).exists())
    for suffix in _SUFFIXES:
        part = _sibling(path, suffix)
        if part.exists():
            part.replace(_sibling(target, suffix))
    _sibling(path, SUFFIX).unlink(missing_ok=True)
    return target


def _sibling(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _lock(path: Path) -> Slot | None:
    lock_path = _sibling(path, ".lock")
    lock = os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    if lock_path.exists() and lock_path.stat().st_ino == os.fstat(lock).st_ino:
        return Slot(path, lock)
    os.close(lock)  # the process that had it before has just removed it
    return None
