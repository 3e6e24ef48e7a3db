"""Log files of the embedded servers: a large one is renamed, and one old file is kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

LARGE: Final = 10 * 1024 * 1024
"""Bytes; looked at whenever the server starts."""

_END: Final = 4096


@contextmanager
def open_log(path: Path) -> Iterator[IO[bytes]]:
    """Open a log for appending; a large one is renamed to `<name>.1` first."""
    if path.exists() and path.stat().st_size > LARGE:
        path.replace(path.with_name(f"{path.name}.1"))
    path.touch(mode=0o600)
    with path.open("ab") as output:
        yield output


def tail(path: Path) -> bytes:
    """Return the end of a log."""
    try:
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - _END))
            return log.read()
    except OSError:
        return b""
