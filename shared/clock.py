"""A clock for waits: it starts at the wall clock and goes on with the monotonic one, so nobody can set it.

Replicas store its times in Postgres. Each starts at its own wall clock, and those may differ. A replica that sees a
time ahead of its own catches up with it, so a wait that one replica starts is no longer for another.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def _wall() -> datetime:
    return datetime.now(UTC)


class SteadyClock:
    """One for each process. It never goes back, and goes ahead only to catch up with another replica."""

    def __init__(
        self, *, wall: Callable[[], datetime] = _wall, elapsed_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._elapsed_s = elapsed_s
        self._zero = wall() - timedelta(seconds=elapsed_s())

    def now(self) -> datetime:
        """Return the present moment."""
        return self._zero + timedelta(seconds=self._elapsed_s())

    def catch_up(self, seen: datetime | None) -> None:
        """Catch up with a time that another replica has stored."""
        if seen is not None:
            self._zero += max(seen - self.now(), timedelta(0))
