"""Whether a disk has room: asked, and then tried, because what the file system says knows nothing of quotas."""

import os
from contextlib import suppress
from typing import Final

ROOM: Final = 32 * 1024 * 1024
"""Bytes that have to be free before a server is started again that stopped for lack of them."""
_TRIED: Final = 1024 * 1024
_NAME: Final = ".room"


def has_room(folder: str) -> bool:
    """Say whether something of size can be written there. Where no folder is named, there is room."""
    if not folder:
        return True
    try:
        found = os.statvfs(folder)
        return (found.f_bavail if os.geteuid() else found.f_bfree) * found.f_frsize >= ROOM and _is_written(folder)
    except OSError:
        return False


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
