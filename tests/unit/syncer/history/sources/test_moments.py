"""A play happened when the sender says, if that is possible."""

from datetime import UTC, datetime, timedelta

import pytest

from services.syncer.history.sources.moments import CLOCK_SKEW, OLDEST, happened_at

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "when",
    [NOW, NOW - timedelta(hours=2), NOW - OLDEST, NOW + CLOCK_SKEW],
)
def test_a_plausible_moment_is_believed(when: datetime) -> None:
    assert happened_at(when.isoformat(), received_at=NOW) == when


@pytest.mark.parametrize(
    "value",
    [
        (NOW - OLDEST - timedelta(seconds=1)).isoformat(),
        (NOW + CLOCK_SKEW + timedelta(seconds=1)).isoformat(),
        "9999-12-31T23:59:59.9999999Z",
        "9999-12-31T23:59:59.9999999-14:00",
        "0001-01-01T00:00:00.0000000Z",
        "0001-01-01T00:00:00+14:00",
        "-2026-11-20T12:00:00Z",
        "yesterday",
        -5,
        0,
        10**30,
        None,
        {},
    ],
)
def test_another_moment_gives_way_to_when_it_was_received(value: object) -> None:
    assert happened_at(value, received_at=NOW) == NOW


def test_the_first_plausible_of_several_moments_counts() -> None:
    assert happened_at("0001-01-01T00:00:00Z", "2026-11-20T11:00:00Z", "2026-11-20T10:00:00Z", received_at=NOW) == (
        NOW - timedelta(hours=1)
    )


def test_a_moment_of_another_zone_comes_out_in_utc() -> None:
    when = happened_at("2026-11-20T13:30:00.1234567+02:00", received_at=NOW)

    assert when == datetime(2026, 11, 20, 11, 30, 0, 123456, tzinfo=UTC)
    assert when.tzinfo is UTC
