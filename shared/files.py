"""Reads files named in settings. Such a path may be a pipe that nobody writes to, or an endless device."""

import os
import stat
from pathlib import Path
from typing import Final

MOST: Final = 1024 * 1024
"""The most characters of a settings file; the longest real one has a few thousand."""


class NotPlainError(OSError):
    """Not a plain text file; the message says why."""


def text(path: Path, *, encoding: str) -> str:
    """Return a file's text, without ever blocking; raises OSError, UnicodeDecodeError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise NotPlainError("it is not a regular file")
        with open(descriptor, encoding=encoding, closefd=False) as file:
            content = file.read(MOST + 1)
    finally:
        os.close(descriptor)
    if len(content) > MOST:
        raise NotPlainError(f"it has more than {MOST} characters")
    return content


def reason(error: OSError | UnicodeDecodeError) -> str:
    """Return for people why a file could not be read."""
    return str(error) if isinstance(error, NotPlainError) else type(error).__name__
