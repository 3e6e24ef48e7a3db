"""Setting the clock does not change waits."""

from datetime import UTC, datetime, timedelta

from shared.clock import SteadyClock

NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Clocks:
    """A wall clock that can be set, and a monotonic one."""

    def __init__(self) -> None:
        self.wall = NOON
        self.elapsed_s = 1000.0

    def steady(self) -> SteadyClock:
        return SteadyClock(wall=lambda: self.wall, elapsed_s=lambda: self.elapsed_s)


def test_it_begins_as_the_wall_clock_does_and_goes_on() -> None:
    clocks = Clocks()
    steady = clocks.steady()
    clocks.elapsed_s += 15

    assert steady.now() == NOON + timedelta(seconds=15)


def test_setting_the_wall_clock_changes_nothing() -> None:
    clocks = Clocks()
    steady = clocks.steady()
    for way in (HOUR, -HOUR):
        clocks.wall = NOON + way

        assert steady.now() == NOON


def test_it_catches_up_with_one_that_is_ahead_and_never_goes_back() -> None:
    clocks = Clocks()
    steady = clocks.steady()

    steady.catch_up(NOON + HOUR)
    steady.catch_up(NOON - HOUR)
    steady.catch_up(None)
    clocks.elapsed_s += 5

    assert steady.now() == NOON + HOUR + timedelta(seconds=5)
