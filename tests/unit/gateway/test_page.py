"""Moments in queries."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from services.gateway.page import moment
from shared.errors import InvalidError


def test_a_moment_without_an_offset_is_in_utc() -> None:
    assert moment(datetime(2026, 1, 31, 18, 0), name="since") == datetime(2026, 1, 31, 18, 0, tzinfo=UTC)  # noqa: DTZ001


def test_an_offset_is_taken_off() -> None:
    assert moment(datetime(2026, 1, 31, 18, 0, tzinfo=timezone(timedelta(hours=2))), name="since") == datetime(
        2026, 1, 31, 16, 0, tzinfo=UTC
    )


def test_no_moment_stays_none() -> None:
    assert moment(None, name="since") is None


@pytest.mark.parametrize("year", [1, 9999])
@pytest.mark.parametrize("hours", [-23, 23])
def test_a_moment_at_the_end_of_time_is_refused_with_its_name(year: int, hours: int) -> None:
    extreme = datetime(year, 1, 1, tzinfo=timezone(timedelta(hours=hours)))

    with pytest.raises(InvalidError) as caught:
        moment(extreme, name="until")

    assert caught.value.faults[0].path == "until"
