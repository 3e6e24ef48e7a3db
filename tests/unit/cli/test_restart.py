import pytest

from cli.supervisor.restart import Limits, pause_s

LIMITS = Limits(first_pause_s=0.2, longest_pause_s=5, deaths=10, within_s=60)


@pytest.mark.parametrize(
    ("deaths", "expected"),
    [
        ([100.0], 0.2),
        ([99.0, 100.0], 0.4),
        ([97.0, 98.0, 99.0, 100.0], 1.6),
        ([94.0, 95.0, 96.0, 97.0, 98.0, 99.0, 100.0], 5),
        ([20.0, 30.0, 40.0, 100.0], 0.2),
        ([40.0, 100.0], 0.2),
        ([40.1, 100.0], 0.4),
    ],
)
def test_the_pause_doubles_with_the_deaths_of_the_last_minute(deaths: list[float], expected: float) -> None:
    assert pause_s(deaths, now=100.0, limits=LIMITS) == pytest.approx(expected)


def test_the_tenth_death_in_a_minute_is_forgiven_and_the_eleventh_is_not() -> None:
    assert pause_s([91.0 + n for n in range(10)], now=100.0, limits=LIMITS) == 5
    assert pause_s([90.0 + n for n in range(11)], now=100.0, limits=LIMITS) is None


def test_a_death_every_ten_seconds_is_never_too_many() -> None:
    assert pause_s([10.0 * n for n in range(100)], now=990.0, limits=LIMITS) is not None
