"""The circuit breaker of one server: after too many failures it is not called for a while, then probed.

Without I/O, and with the clock as an argument. Each process has its own state: each replica finds out for itself.
"""

import time
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from typing import Final, Literal

import msgspec

State = Literal["closed", "open", "half_open"]
Outcome = Literal["answered", "failed", "unreachable", "abandoned"]
"""`answered` also where the answer was no; `abandoned` where the call ended without telling of the server."""

_SOON: Final = timedelta(seconds=1)


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """When to open and for how long. The share counts once the window has seen `calls` calls."""

    window: timedelta = timedelta(seconds=60)
    calls: int = 10
    failed_share: float = 0.5
    unreachable_in_a_row: int = 5
    first_pause: timedelta = timedelta(seconds=15)
    longest_pause: timedelta = timedelta(minutes=5)
    successes: int = 3


class _Second(msgspec.Struct):
    """The calls that ended within one second, so that the window's size does not depend on the number of calls."""

    number: int
    calls: int = 0
    failed: int = 0


class Breaker:
    """Call `enter` before each call and `leave` after it."""

    def __init__(self, limits: Limits | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits or Limits()
        self._clock = clock
        self._era = 0
        self._seconds: deque[_Second] = deque()
        self._unreachable = 0
        self._pause = self._limits.first_pause
        self._again_at: float | None = None
        self._is_probing = False
        self._successes = 0

    @property
    def state(self) -> State:
        """Return `closed` (calls are allowed), `open` (none are) or `half_open` (one at a time is)."""
        if self._again_at is None:
            return "closed"
        return "open" if self._clock() < self._again_at else "half_open"

    @property
    def wait(self) -> timedelta:
        """Return how long no call will be allowed; zero if one is allowed now."""
        if self._again_at is None:
            return timedelta()
        left = timedelta(seconds=max(0.0, self._again_at - self._clock()))
        return max(left, _SOON) if left or self._is_probing else left

    def enter(self) -> int | None:
        """Return a ticket for `leave`, or None if the call must not be made."""
        match self.state:
            case "open":
                return None
            case "half_open" if self._is_probing:
                return None
            case "half_open":
                self._is_probing = True
                return self._era
            case "closed":
                return self._era

    def leave(self, ticket: int, outcome: Outcome) -> None:
        """Count a call's outcome; ignore calls that began before the breaker last changed its state."""
        if ticket != self._era:
            return
        if self._again_at is not None:
            self._judge_probe(outcome)
        elif outcome != "abandoned":
            self._count(outcome)

    def _judge_probe(self, outcome: Outcome) -> None:
        self._is_probing = False
        match outcome:
            case "failed" | "unreachable":
                self._pause = min(self._pause * 2, self._limits.longest_pause)
                self._open()
            case "answered":
                self._successes += 1
                if self._successes >= self._limits.successes:
                    self._close()
            case "abandoned":
                pass

    def _count(self, outcome: Outcome) -> None:
        now = self._clock()
        while self._seconds and self._seconds[0].number <= now - self._limits.window.total_seconds():
            self._seconds.popleft()
        if not self._seconds or self._seconds[-1].number != int(now):
            self._seconds.append(_Second(int(now)))
        self._seconds[-1].calls += 1
        self._seconds[-1].failed += outcome != "answered"
        self._unreachable = self._unreachable + 1 if outcome == "unreachable" else 0
        if self._is_too_much():
            self._open()

    def _is_too_much(self) -> bool:
        calls = sum(second.calls for second in self._seconds)
        failed = sum(second.failed for second in self._seconds)
        is_mostly_failing = calls >= self._limits.calls and failed >= calls * self._limits.failed_share
        return is_mostly_failing or self._unreachable >= self._limits.unreachable_in_a_row

    def _open(self) -> None:
        self._era += 1
        self._again_at = self._clock() + self._pause.total_seconds()
        self._successes = 0

    def _close(self) -> None:
        self._era += 1
        self._again_at = None
        self._pause = self._limits.first_pause
        self._seconds.clear()
        self._unreachable = 0
