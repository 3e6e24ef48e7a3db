"""When the next call may go."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from shared.clients.pace import Budget

EVERY = timedelta(milliseconds=250)
SECOND = timedelta(seconds=1)


class FakeClock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def budget(clock: FakeClock) -> Budget:
    return Budget(every=EVERY, key_every=SECOND, clock=clock)


def test_the_first_call_goes_at_once() -> None:
    assert budget(FakeClock()).reserve("pin-1") == timedelta()


def test_one_key_gets_a_moment_a_second() -> None:
    pace = budget(FakeClock())

    waits = [pace.reserve("pin-1") for _ in range(3)]

    assert waits == [timedelta(), SECOND, 2 * SECOND]


def test_many_keys_share_one_budget_in_the_order_of_asking() -> None:
    pace = budget(FakeClock())

    waits = [pace.reserve(f"pin-{number}") for number in range(5)]

    assert waits == [EVERY * number for number in range(5)]


def test_what_was_not_used_is_not_saved_up() -> None:
    clock = FakeClock()
    pace = budget(clock)
    pace.reserve("pin-1")
    clock.now += 60

    waits = [pace.reserve(f"pin-{number}") for number in range(3)]

    assert waits == [timedelta(), EVERY, 2 * EVERY]


def test_nothing_goes_while_the_other_side_asks_to_wait() -> None:
    clock = FakeClock()
    pace = budget(clock)
    pace.hold(timedelta(seconds=30))

    assert pace.held == timedelta(seconds=30)
    assert pace.reserve("pin-1") == timedelta(seconds=30)

    clock.now += 31
    assert pace.held == timedelta()


def test_a_shorter_wait_does_not_end_a_longer_one() -> None:
    pace = budget(FakeClock())
    pace.hold(timedelta(seconds=30))

    pace.hold(timedelta(seconds=1))

    assert pace.held == timedelta(seconds=30)


def test_a_thousand_pins_are_each_polled_within_their_turn() -> None:
    clock = FakeClock()
    pace = budget(clock)
    first = [pace.reserve(f"pin-{number}") for number in range(1000)]
    clock.now += first[0].total_seconds()

    again = pace.reserve("pin-0")

    assert again == timedelta(seconds=250)


def test_pins_of_long_ago_are_forgotten() -> None:
    clock = FakeClock()
    pace = budget(clock)
    for number in range(5000):
        clock.now += 2
        pace.reserve(f"pin-{number}")

    assert pace.remembered <= 1000


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(0, 2))))
def test_calls_are_never_closer_than_they_may_be(steps: list[tuple[int, float]]) -> None:
    clock = FakeClock()
    pace = budget(clock)
    moments: list[tuple[int, float]] = []
    for key, pause in steps:
        clock.now += pause
        moments.append((key, clock.now + pace.reserve(str(key)).total_seconds()))

    everyone = [moment for _, moment in moments]
    assert all(later - earlier >= 0.2499 for earlier, later in pairwise(everyone))
    for wanted in range(6):
        own = [moment for key, moment in moments if key == wanted]
        assert all(later - earlier >= 0.9999 for earlier, later in pairwise(own))
