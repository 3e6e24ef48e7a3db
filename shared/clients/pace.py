"""When the next call may go, where a system publishes no limit and answers 429 to whoever asks too often.

Without I/O and with the clock as an argument. A budget is a process's own.
"""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final

PIN_EVERY: Final = timedelta(seconds=1)
"""Plex: "once per second" a PIN."""
PLEX_TV_EVERY: Final = timedelta(milliseconds=250)
"""All PINs together; ten a second were seen to be refused."""

_MANY: Final = 1_000


class Budget:
    """Hands out moments: at most one call every `every`, and for one key at most one every `key_every`."""

    def __init__(
        self,
        *,
        every: timedelta = PLEX_TV_EVERY,
        key_every: timedelta = PIN_EVERY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._every = every.total_seconds()
        self._key_every = key_every.total_seconds()
        self._clock = clock
        self._free_at = 0.0
        self._held_until = 0.0
        self._last: dict[str, float] = {}
        self._forget_at = _MANY

    def reserve(self, key: str) -> timedelta:
        """Return how long to wait before calling; the moment is the caller's and need not be asked for again.

        Moments go out in the order of asking, so a thousand keys take turns and none waits for luck.
        """
        now = self._clock()
        moment = max(now, self._free_at, self._held_until, self._last.get(key, -self._key_every) + self._key_every)
        self._free_at = moment + self._every
        self._last[key] = moment
        self._forget(now)
        return timedelta(seconds=moment - now)

    def hold(self, wait: timedelta) -> None:
        """Hand out nothing for a while: the other side asked for it."""
        self._held_until = max(self._held_until, self._clock() + wait.total_seconds())

    @property
    def held(self) -> timedelta:
        """Return how long a moment that was handed out before `hold` must not be used."""
        return timedelta(seconds=max(0.0, self._held_until - self._clock()))

    @property
    def remembered(self) -> int:
        """Return how many keys are known; those whose turn is long over are forgotten."""
        return len(self._last)

    def _forget(self, now: float) -> None:
        if len(self._last) < self._forget_at:
            return
        self._last = {key: moment for key, moment in self._last.items() if moment + self._key_every > now}
        self._forget_at = max(_MANY, 2 * len(self._last))
