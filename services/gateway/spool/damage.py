"""What was found damaged or missing in the spool: noted in its folder until somebody removes the file.

Otherwise a restart would hide the loss.
"""

import errno
import os
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
import structlog

NAME: Final = "damage.jsonl"
_LONGEST: Final = 64 * 1024

_log = structlog.get_logger()


class Damage(msgspec.Struct, frozen=True, kw_only=True):
    """What was found, and when. `records` is how many are lost, None if unknown; `kept_as` is where the rest is."""

    noticed_at: datetime
    file: str
    records: int | None
    reason: str
    kept_as: str | None = None


_decoder: Final = msgspec.json.Decoder(Damage)


class DamageNotes:
    """The file, a line for each damage; several gateways may write to it. On a full disk, notes wait in memory."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._unwritten: tuple[Damage, ...] = ()

    def add(self, damage: Damage) -> None:
        """Note a damage, in the log too."""
        _log.error(
            "spool_damaged", path=damage.file, records=damage.records, kept_as=damage.kept_as, reason=damage.reason
        )
        self._unwritten = (*self._unwritten, damage)
        self.keep()

    def keep(self) -> None:
        """Write down what could not be written yet."""
        try:
            while self._unwritten:
                self._write(msgspec.json.encode(self._unwritten[0]) + b"\n")
                self._unwritten = self._unwritten[1:]
        except OSError as exc:
            _log.warning("spool_damage_not_noted", path=str(self._path), reason=str(exc))

    def _write(self, line: bytes) -> None:
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            size = os.fstat(file).st_size
            if size < _LONGEST and os.write(file, line) != len(line):
                os.ftruncate(file, size)  # half a line would spoil the next one
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            os.close(file)

    def all(self) -> list[Damage]:
        """Return what was noted, the oldest first."""
        try:
            lines = self._path.read_bytes().splitlines()
        except FileNotFoundError:
            lines = []
        except OSError as exc:
            _log.warning("spool_damage_unreadable", path=str(self._path), reason=str(exc))
            lines = []
        return [*(damage for line in lines if (damage := _damage(line)) is not None), *self._unwritten]


def _damage(line: bytes) -> Damage | None:
    try:
        return _decoder.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None  # half a line, of a crash or of the disk
