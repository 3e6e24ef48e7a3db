"""The filters of the history: what the address says, what the API is asked, and which days the chart shows."""

from datetime import date, timedelta
from typing import Final

import msgspec

from services.gateway.dashboard.listing import search_of

_TYPES: Final = ("movie", "episode")
_DAYS: Final = 30
_MOST_DAYS: Final = 92
_YEARS: Final = range(1900, 9999)


class PlayFilters(msgspec.Struct, frozen=True, kw_only=True):
    """The filters as the address and the form hold them; both days are among those that are meant."""

    person: str = ""
    type: str = ""
    since: str = ""
    until: str = ""
    search: str = ""

    def query(self) -> dict[str, str | None]:
        """Return what the API is asked: its `until` is the first day that is not meant."""
        return {
            "person": self.person or None,
            "type": self.type or None,
            "since": self.since or None,
            "until": str(date.fromisoformat(self.until) + timedelta(days=1)) if self.until else None,
            "search": self.search or None,
        }


def filters_of(*, person: str, type_: str, since: str, until: str, search: str) -> PlayFilters:
    """Return the filters of an address; what cannot be one is left out."""
    return PlayFilters(
        person=search_of(person) or "",
        type=type_ if type_ in _TYPES else "",
        since=_day(since),
        until=_day(until),
        search=search_of(search) or "",
    )


def span_of(wanted: PlayFilters, *, today: date) -> tuple[date, int]:
    """Return the first of the days that the chart shows, and their number."""
    last = min(date.fromisoformat(wanted.until), today) if wanted.until else today
    days = (last - date.fromisoformat(wanted.since)).days + 1 if wanted.since else _DAYS
    days = days if 0 < days <= _MOST_DAYS else _DAYS
    return last - timedelta(days=days - 1), days


def _day(text: str) -> str:
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        return ""
    return str(day) if day.year in _YEARS else ""
