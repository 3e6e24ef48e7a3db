"""A small file system for a test that fills it: a tmpfs, mounted as root, or by a user in a namespace of their own."""

import errno
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import pytest

_GIVEN: Final = "USHER_SMALL_DISK"
_STEP: Final = 64 * 1024
_IN_A_NAMESPACE: Final = """
mount -t tmpfs -o "size=$1,mode=0777" tmpfs "$2" || exit 77
map="--map-user=$3 --map-group=$4"
shift 4
exec unshare --user $map -- "$@"
"""
_NOT_ALLOWED: Final = 77


class SmallDisk:
    """A folder with its own disk; `fill` takes the free space, `clear` gives it back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self, *, leave: int = 0) -> None:
        """Leave this many bytes free, down to none at all."""
        with self._filler.open("ab") as filler:
            with suppress(_FullError):
                while True:
                    _grow(filler.fileno())
            filler.truncate(os.fstat(filler.fileno()).st_size - leave)

    def clear(self) -> None:
        """Let others have the room again."""
        self._filler.unlink()


class _FullError(Exception):
    pass


def _grow(descriptor: int) -> None:
    size = os.fstat(descriptor).st_size
    for step in (_STEP * 64, _STEP, 4096):
        try:
            os.posix_fallocate(descriptor, size, step)
        except OSError as exc:
            if exc.errno != errno.ENOSPC:
                raise
        else:
            return
    raise _FullError


@contextmanager
def mounted(*, size: int) -> Iterator[SmallDisk]:
    """Mount one; raises `PermissionError` where this process may not."""
    if given := os.environ.get(_GIVEN):  # noqa: TID251 (from `run_in_a_namespace`)
        yield SmallDisk(Path(given))
        return
    with tempfile.TemporaryDirectory(prefix="usher-small-disk-") as name:
        folder = Path(name) / "data"
        folder.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", str(folder)]
        done = subprocess.run(mount, check=False, capture_output=True, text=True)
        if done.returncode:
            raise PermissionError(done.stderr.strip())
        try:
            yield SmallDisk(folder)
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def run_in_a_namespace(test: str, *, size: int) -> None:
    """Run a test again in a namespace where users may mount; skip it if there are no namespaces."""
    with tempfile.TemporaryDirectory(prefix="usher-small-disk-") as name:
        folder = Path(name) / "data"
        folder.mkdir()
        ours = [str(size), str(folder), str(os.getuid()), str(os.getgid())]
        pytest_ = [sys.executable, "-m", "pytest", "-m", "chaos", "-q", "-p", "no:cacheprovider", test]
        command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", _IN_A_NAMESPACE, "sh", *ours]
        done = subprocess.run(
            [*command, *pytest_],
            check=False,
            capture_output=True,
            text=True,
            env={**os.environ, _GIVEN: str(folder)},  # noqa: TID251 (handed on)
        )
    if "unshare failed" in done.stderr or done.returncode == _NOT_ALLOWED:
        pytest.skip(f"needs a small file system, and this user may mount none: {done.stderr.strip()}")
    assert done.returncode == 0, done.stdout + done.stderr
