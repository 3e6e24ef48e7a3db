"""Whether a disk has room: asks the file system, then tries, because the file system's answer ignores quotas."""

import errno
import os
from contextlib import suppress
from typing import Final

ROOM: Final = 32 * 1024 * 1024
"""Bytes that have to be free before a server is started again that stopped for lack of them."""
NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT)
_TRIED: Final = 1024 * 1024
_NAME: Final = ".room"


def has_room(folder: str) -> bool:
    """Say whether a large enough file can be written there; without a folder, yes."""
    try:
        return not folder or _has_room(folder)
    except OSError:
        return False


def is_full(folder: str) -> bool:
    """Say whether space is what is missing: a disk that is gone or read-only is not full."""
    try:
        return bool(folder) and not _has_room(folder)
    except OSError as exc:
        return exc.errno in NO_ROOM


def free(found: os.statvfs_result) -> int:
    """Return the bytes free for everybody: PostgreSQL is not root, for whom file systems reserve a part."""
    return found.f_bavail * found.f_frsize


def _has_room(folder: str) -> bool:
    return free(os.statvfs(folder)) >= ROOM and _is_written(folder)


def _is_written(folder: str) -> bool:
    path = os.path.join(folder, _NAME)  # noqa: PTH118 (pathlib's own way to open knows no flags)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        written = os.write(descriptor, bytes(_TRIED))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
        with suppress(OSError):
            os.unlink(path)  # noqa: PTH108
    return written == _TRIED
