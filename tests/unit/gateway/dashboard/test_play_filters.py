"""The filters of the history, and the days that its chart shows."""

from datetime import date

import pytest

from services.gateway.dashboard.play_filters import PlayFilters, filters_of, span_of

TODAY = date(2026, 3, 31)


@pytest.mark.parametrize(
    ("since", "until", "first", "days"),
    [
        ("", "", date(2026, 3, 2), 30),
        ("2026-03-31", "", TODAY, 1),
        ("2026-01-01", "2026-01-31", date(2026, 1, 1), 31),
        ("2020-01-01", "", date(2026, 3, 2), 30),
        ("2026-05-01", "", date(2026, 3, 2), 30),
        ("2026-03-30", "2027-01-01", date(2026, 3, 30), 2),
    ],
)
def test_the_chart_shows_the_days_asked_for_where_they_are_not_too_many(
    since: str, until: str, first: date, days: int
) -> None:
    assert span_of(PlayFilters(since=since, until=until), today=TODAY) == (first, days)


@pytest.mark.parametrize("day", ["", "yesterday", "2026-13-01", "0001-01-01", "9999-12-31", "\N{SUPERSCRIPT TWO}"])
def test_what_is_no_day_is_left_out(day: str) -> None:
    wanted = filters_of(person="", type_="opera", since=day, until=day, search="")

    assert set(wanted.query().values()) == {None}
