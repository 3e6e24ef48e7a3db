"""The results of the latest messages, remembered for a moment: the best proof that one can or cannot be stored."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import msgspec

MOMENT: Final = timedelta(seconds=5)


class _Result(msgspec.Struct, frozen=True):
    at: float
    refusal: str | None


class RecentResults:
    """One for a gateway process; it keeps the last result of each source."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: dict[str, _Result] = {}

    def note_stored(self, source: str) -> None:
        """Note that one was stored."""
        self._last[source] = _Result(self._clock(), None)

    def note_refused(self, source: str, reason: str) -> None:
        """Note that one could be stored nowhere."""
        self._last[source] = _Result(self._clock(), reason)

    @property
    def refusal(self) -> str | None:
        """Why one was refused a moment ago, where nothing of the same source was stored since."""
        return next((each.refusal for each in self._recent() if each.refusal is not None), None)

    @property
    def has_stored(self) -> bool:
        """True where the last of some source was stored a moment ago."""
        return any(each.refusal is None for each in self._recent())

    def _recent(self) -> list[_Result]:
        begin = self._clock() - MOMENT.total_seconds()
        return [each for each in self._last.values() if each.at >= begin]
