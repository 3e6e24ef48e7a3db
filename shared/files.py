"""Reads the files that settings name. Such a path may be a pipe that nobody writes to, or a device without an end."""

import os
import stat
from pathlib import Path
from typing import Final

MOST: Final = 1024 * 1024
"""Characters of a file with settings; the longest has a few thousand."""


class NotPlainError(OSError):
    """Not a plain text file; the message says what it is instead."""


def text(path: Path, *, encoding: str) -> str:
    """Return a file's text, without ever blocking; raises OSError, UnicodeDecodeError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise NotPlainError("it is no regular file")
        with open(descriptor, encoding=encoding, closefd=False) as file:
            content = file.read(MOST + 1)
    finally:
        os.close(descriptor)
    if len(content) > MOST:
        raise NotPlainError(f"it has more than {MOST} characters")
    return content


def reason(error: OSError | UnicodeDecodeError) -> str:
    """Return why a file could not be read, for people."""
    return str(error) if isinstance(error, NotPlainError) else type(error).__name__
