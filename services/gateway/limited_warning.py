"""Warnings with which hostile clients cannot fill the log."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import structlog

EVERY: Final = timedelta(minutes=1)

_log = structlog.get_logger()


class LimitedWarning:
    """A warning that is written at once, and then at most once a minute with a count."""

    def __init__(self, event: str, *, every: timedelta = EVERY, clock: Callable[[], float] = time.monotonic) -> None:
        self._event = event
        self._every = every.total_seconds()
        self._clock = clock
        self._times = 0
        self._due_at = 0.0

    def warn(self, **facts: object) -> None:
        """Write the warning, or count it."""
        self._times += 1
        if self._clock() >= self._due_at:
            _log.warning(self._event, **facts, times=self._times)
            self._times = 0
            self._due_at = self._clock() + self._every
