"""What all tests share: Hypothesis's settings, temporary files, signals."""

import gc
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Final

import pytest
from hypothesis import settings

# No deadline: the time of an example depends more on the machine than on the code.
settings.register_profile("usher", deadline=None)
settings.load_profile("usher")

_MEMORY: Final = Path("/dev/shm")  # noqa: S108 (pytest and tempfile make folders of their own in it)
_ENOUGH: Final = 4 * 1024**3
"""Bytes: several PostgreSQLs with a database each test."""
_MOST_WORKERS: Final = 8


def pytest_configure(config: pytest.Config) -> None:
    """Keep databases and streams in memory if there is room: a new one for every test is slow on a disk.

    Chaos tests stay on the disk, because its pauses are part of them.
    """
    _give_programs_their_signals()
    if config.option.markexpr != "chaos" and _has_room():
        tempfile.tempdir = str(_MEMORY)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the longest tests first, so that no worker runs them alone at the end."""
    items.sort(key=lambda item: item.get_closest_marker("container") is None)


def pytest_collection_finish() -> None:
    """Exempt from garbage collection what stays for the whole run: thousands of tests, and what they import."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Run two workers per processor: tests wait for servers and programs about half of their time."""
    return min(_MOST_WORKERS, 2 * (len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1))


def _has_room() -> bool:
    if not (_MEMORY.is_dir() and os.access(_MEMORY, os.W_OK)):
        return False
    free = os.statvfs(_MEMORY)
    return free.f_bavail * free.f_frsize >= _ENOUGH


def _give_programs_their_signals() -> None:
    """Let programs that tests start end at Ctrl-C even under `nohup make test &`.

    Such a shell starts us with signals ignored, which programs inherit. A handler that does nothing ignores them just
    as well, and is not inherited.
    """
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda _number, _frame: None)
