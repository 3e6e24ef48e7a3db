"""Time for waits: it begins with the wall clock and goes on with the monotonic one, so that setting a clock moves none.

Replicas keep moments of it in Postgres. Each begins with its own wall clock, and those may differ: whoever sees a
moment ahead of its own time takes that over, so a wait that one replica began is no longer for another.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def _wall() -> datetime:
    return datetime.now(UTC)


class SteadyClock:
    """One for a process; it never goes back, and goes ahead only to catch up with another replica."""

    def __init__(
        self, *, wall: Callable[[], datetime] = _wall, elapsed_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._elapsed_s = elapsed_s
        self._zero = wall() - timedelta(seconds=elapsed_s())

    def now(self) -> datetime:
        """Return the present moment."""
        return self._zero + timedelta(seconds=self._elapsed_s())

    def catch_up(self, seen: datetime | None) -> None:
        """Take note of a moment that has been, for it was seen."""
        if seen is not None:
            self._zero += max(seen - self.now(), timedelta(0))
