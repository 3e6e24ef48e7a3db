"""Times in queries."""

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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-21", datetime(2026, 11, 21, tzinfo=UTC)),
        ("2026-11-21T18:00:00", datetime(2026, 11, 21, 18, tzinfo=UTC)),
        ("2026-11-21T18:00:00+02:00", datetime(2026, 11, 21, 16, tzinfo=UTC)),
        ("2026-11-21 18:00:00Z", datetime(2026, 11, 21, 18, tzinfo=UTC)),
        ("1700000000", datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
    ],
)
def test_a_date_is_its_midnight_and_a_moment_is_itself(text: str, expected: datetime) -> None:
    assert moment(text, name="since") == expected


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2026-02-30", "2026-13-01", "2026-1-1", "21.11.2026", "2026-11-21T25:00:00Z", "99999999999999"],
)
def test_what_is_not_a_time_is_refused_with_examples(text: str) -> None:
    with pytest.raises(InvalidError) as caught:
        moment(text, name="since")

    [fault] = caught.value.faults
    assert fault.path == "since"
    assert "2026-01-31" in fault.message


@pytest.mark.parametrize("year", [1, 9999])
@pytest.mark.parametrize("hours", [-23, 23])
def test_a_moment_at_the_end_of_time_is_refused_with_its_name(year: int, hours: int) -> None:
    extreme = datetime(year, 1, 1, tzinfo=timezone(timedelta(hours=hours)))

    with pytest.raises(InvalidError) as caught:
        moment(extreme, name="until")

    assert caught.value.faults[0].path == "until"
