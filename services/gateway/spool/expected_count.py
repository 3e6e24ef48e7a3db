"""How many records a file of the spool should hold, in a small file beside it: finds losses that SQLite cannot see.

SQLite takes a truncated file for a new one, and whatever follows a damaged frame in its log for a write that a crash
cut off. Here both show as too few records. The order avoids false alarms: additions are counted after their commit,
removals before it, and only removals are synced to the disk. So a power cut may hide a loss among the records of the
last seconds before it; a crash of the process hides nothing.
"""

import hashlib
import os
import struct
from pathlib import Path
from typing import Final

import structlog

SUFFIX: Final = ".count"
_NUMBER: Final = struct.Struct("<Q")
_DIGEST: Final = 8

_log = structlog.get_logger()


class ExpectedCount:
    """The number and its file; raises `OSError`.

    `records` is None where it is unknown: there is no such file yet, or it `is_damaged`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None
        self.records: int | None = None
        self.is_damaged = False
        self.is_closed = False
        if path.exists():
            self.records = _number(path.read_bytes())
            self.is_damaged = self.records is None
            self._file = None if self.is_damaged else os.open(path, os.O_RDWR | os.O_CLOEXEC)

    def expect(self, records: int, *, durably: bool = False) -> None:
        """Remember how many there should be; a failure is only logged, because the records themselves matter more."""
        if self.is_closed:
            return  # another file is there now
        self.records = max(records, 0)
        content = _content(self.records)
        try:
            if self._file is None:
                self._file = _make(self._path, content)
            os.pwrite(self._file, content, 0)
            if durably:
                os.fdatasync(self._file)
        except OSError as exc:
            _log.warning("spool_count_not_kept", path=str(self._path), reason=str(exc))

    def close(self) -> None:
        """Close the file."""
        self.is_closed = True
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _make(path: Path, content: bytes) -> int:
    """Make the file atomically, so that an empty one must have been truncated; on a full disk leave nothing behind."""
    draft = path.with_name(path.name + ".new")
    file = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.pwrite(file, content, 0)
        os.fsync(file)
        draft.replace(path)
    except OSError:
        os.close(file)
        draft.unlink(missing_ok=True)
        raise
    return file


def _content(records: int) -> bytes:
    number = _NUMBER.pack(records)
    return number + hashlib.blake2b(number, digest_size=_DIGEST).digest()


def _number(content: bytes) -> int | None:
    if len(content) != _NUMBER.size + _DIGEST:
        return None
    number: int = _NUMBER.unpack_from(content)[0]
    return number if content == _content(number) else None
