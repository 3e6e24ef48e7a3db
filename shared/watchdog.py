"""Notices a stalled event loop from another thread, and ends the process so that its supervisor starts a new one.

Without it, a loop that spins or blocks answers no health check, and a consumer can be silent for hours.
"""

import asyncio
import faulthandler
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

STALLED_AFTER_S: Final = 15.0
STALLED_STATUS: Final = 70
_TICK_S: Final = 1.0


class Heartbeat:
    """Shows that the event loop is alive."""

    def __init__(self) -> None:
        self._at = time.monotonic()

    @property
    def age_s(self) -> float:
        """Seconds since the last beat."""
        return time.monotonic() - self._at

    async def beat(self) -> None:
        """Beat every second until cancelled."""
        while True:
            self._at = time.monotonic()
            await asyncio.sleep(_TICK_S)


@contextmanager
def watchdog(heartbeat: Heartbeat, *, after_s: float = STALLED_AFTER_S) -> Iterator[None]:
    """Dump all stacks and exit with status 70 when the heartbeat is older than `after_s`."""
    stopped = threading.Event()

    def watch() -> None:
        while not stopped.wait(_TICK_S):
            if heartbeat.age_s > after_s:
                faulthandler.dump_traceback(all_threads=True)
                os._exit(STALLED_STATUS)

    thread = threading.Thread(target=watch, name="watchdog", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
