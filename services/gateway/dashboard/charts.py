"""Small charts: bars of equal width, as a picture and as a table of the same figures."""

from collections.abc import Sequence
from datetime import date, timedelta

import msgspec

from shared.schemas.history import Count


class Bar(msgspec.Struct, frozen=True):
    """One bar; `height` is in percent of the tallest."""

    name: str
    count: int
    height: float


def bars_of(counts: Sequence[Count], *, first: date, days: int) -> list[Bar]:
    """Return a bar for each day from the first on, also for days on which nothing was counted."""
    known = {count.name: count.plays for count in counts}
    names = [(first + timedelta(days=number)).isoformat() for number in range(days)]
    most = max((known.get(name, 0) for name in names), default=0)
    return [Bar(name, known.get(name, 0), 100 * known.get(name, 0) / most if most else 0) for name in names]
