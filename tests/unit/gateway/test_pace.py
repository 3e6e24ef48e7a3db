"""Counting by seconds."""

from services.gateway.spool.pace import Pace


class Clock:
    def __init__(self) -> None:
        self.seconds = 100.9

    def __call__(self) -> float:
        return self.seconds


def paced(*moments: float) -> tuple[Pace, Clock]:
    clock = Clock()
    pace = Pace(clock)
    for clock.seconds in moments:
        pace.note()
    return pace, clock


def test_at_first_nothing_comes() -> None:
    assert Pace(Clock()).a_second == 0


def test_the_second_that_runs_counts_at_once() -> None:
    pace, _ = paced(101.0, 101.1, 101.2)

    assert pace.a_second == 3


def test_the_last_whole_second_counts_while_the_next_one_begins() -> None:
    pace, _ = paced(101.0, 101.5, 101.9, 102.0)

    assert pace.a_second == 3


def test_what_came_before_that_is_forgotten() -> None:
    pace, clock = paced(101.0, 101.5)

    clock.seconds = 103.0

    assert pace.a_second == 0


def test_a_second_without_any_is_forgotten_too() -> None:
    pace, clock = paced(101.0, 101.5)
    clock.seconds = 102.5
    before = pace.a_second
    clock.seconds = 103.5

    assert (before, pace.a_second) == (2, 0)
