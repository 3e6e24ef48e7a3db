"""How many come a second."""

from collections.abc import Callable


class Pace:
    """Counts by whole seconds of a clock."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._second = int(clock())
        self._now = 0
        self._before = 0

    def note(self) -> None:
        """Count one."""
        self._turn()
        self._now += 1

    @property
    def a_second(self) -> int:
        """How many came in the last whole second, or in this one where it has more already."""
        self._turn()
        return max(self._now, self._before)

    def _turn(self) -> None:
        second = int(self._clock())
        if second != self._second:
            self._before = self._now if second == self._second + 1 else 0
            self._now = 0
            self._second = second
