"""When a schedule is due."""

from datetime import UTC, datetime, time, timedelta

import pytest

from shared.schedules import When, next_slot, slot


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 5, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("when", "now", "due", "following"),
    [
        (timedelta(hours=6), at(1, 0), at(1, 0), at(1, 6)),
        (timedelta(hours=6), at(1, 5, 59), at(1, 0), at(1, 6)),
        (timedelta(hours=6), at(1, 6), at(1, 6), at(1, 12)),
        (timedelta(hours=24), at(2, 13), at(2, 0), at(3, 0)),
        (time(3), at(2, 2, 59), at(1, 3), at(2, 3)),
        (time(3), at(2, 3), at(2, 3), at(3, 3)),
        (time(3), at(2, 23), at(2, 3), at(3, 3)),
    ],
)
def test_a_slot_begins_at_its_hour_and_lasts_until_the_next(
    when: When, now: datetime, due: datetime, following: datetime
) -> None:
    assert (slot(when, now=now), next_slot(when, now=now)) == (due, following)


def test_an_interval_of_nothing_is_never_due() -> None:
    assert next_slot(timedelta(), now=at(1, 0)) is None
