"""The breaker, with a clock that a test moves."""

from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from shared.http.breaker import Breaker, Limits, Outcome


class FakeClock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def breaker(clock: FakeClock) -> Breaker:
    return Breaker(clock=clock)


def call(breaker: Breaker, outcome: Outcome, times: int = 1) -> None:
    for _ in range(times):
        ticket = breaker.enter()
        assert ticket is not None
        breaker.leave(ticket, outcome)


def test_half_of_ten_calls_failing_opens_it(breaker: Breaker) -> None:
    call(breaker, "answered", 5)
    call(breaker, "failed", 5)

    assert breaker.state == "open"
    assert breaker.enter() is None
    assert breaker.wait == timedelta(seconds=15)


def test_nine_failures_are_too_few_to_tell(breaker: Breaker) -> None:
    call(breaker, "failed", 9)

    assert breaker.state == "closed"


def test_less_than_half_failing_is_borne(breaker: Breaker) -> None:
    for _ in range(50):
        call(breaker, "answered", 3)
        call(breaker, "failed", 2)

    assert breaker.state == "closed"


def test_failures_older_than_the_window_do_not_count(breaker: Breaker, clock: FakeClock) -> None:
    call(breaker, "failed", 9)
    clock.now += 61
    call(breaker, "failed", 9)

    assert breaker.state == "closed"


def test_five_connections_in_a_row_that_fail_open_it(breaker: Breaker) -> None:
    call(breaker, "unreachable", 5)

    assert breaker.state == "open"


def test_an_answer_breaks_the_row(breaker: Breaker) -> None:
    call(breaker, "unreachable", 4)
    call(breaker, "answered", 10)
    call(breaker, "unreachable", 4)

    assert breaker.state == "closed"


def test_abandoned_calls_tell_nothing(breaker: Breaker) -> None:
    call(breaker, "abandoned", 100)

    assert breaker.state == "closed"


def test_one_probe_at_a_time_goes_after_the_pause(breaker: Breaker, clock: FakeClock) -> None:
    call(breaker, "unreachable", 5)
    clock.now += 15

    assert breaker.state == "half_open"
    assert breaker.wait == timedelta()
    assert breaker.enter() is not None
    assert breaker.enter() is None
    assert breaker.wait == timedelta(seconds=1)


def test_three_good_probes_close_it_and_forget_the_past(breaker: Breaker, clock: FakeClock) -> None:
    call(breaker, "unreachable", 5)
    clock.now += 15
    call(breaker, "answered", 3)
    call(breaker, "unreachable", 4)

    assert breaker.state == "closed"


def test_a_failed_probe_doubles_the_pause_up_to_five_minutes(breaker: Breaker, clock: FakeClock) -> None:
    call(breaker, "unreachable", 5)
    pauses = []
    for _ in range(7):
        pauses.append(breaker.wait.total_seconds())
        clock.now += pauses[-1]
        call(breaker, "failed")

    assert pauses == [15, 30, 60, 120, 240, 300, 300]


def test_closing_makes_the_next_pause_short_again(breaker: Breaker, clock: FakeClock) -> None:
    call(breaker, "unreachable", 5)
    clock.now += 15
    call(breaker, "failed")
    clock.now += 30
    call(breaker, "answered", 3)
    call(breaker, "unreachable", 5)

    assert breaker.wait == timedelta(seconds=15)


def test_a_cancelled_probe_makes_room_for_the_next(breaker: Breaker, clock: FakeClock) -> None:
    call(breaker, "unreachable", 5)
    clock.now += 15
    call(breaker, "abandoned", 10)

    assert breaker.state == "half_open"


def test_a_call_from_before_it_opened_does_not_count_as_a_probe(breaker: Breaker, clock: FakeClock) -> None:
    early = [breaker.enter() for _ in range(5)]
    call(breaker, "unreachable", 5)
    clock.now += 15
    for ticket in early:
        assert ticket is not None
        breaker.leave(ticket, "answered")

    assert breaker.state == "half_open"


class BreakerMachine(RuleBasedStateMachine):
    """Any order of calls, ends and time."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.limits = Limits(calls=4, unreachable_in_a_row=3)
        self.breaker = Breaker(self.limits, clock=self.clock)
        self.running: list[int] = []
        self.probes: list[int] = []

    @rule()
    def enter(self) -> None:
        state = self.breaker.state
        ticket = self.breaker.enter()

        if state == "closed":
            assert ticket is not None
            self.running.append(ticket)
        elif state == "open" or self.probes:
            assert ticket is None
        else:
            assert ticket is not None
            self.probes.append(ticket)

    @precondition(lambda self: self.running)
    @rule(data=st.data(), outcome=st.sampled_from(["answered", "failed", "unreachable", "abandoned"]))
    def leave(self, data: st.DataObject, outcome: Outcome) -> None:
        ticket = self.running.pop(data.draw(st.integers(0, len(self.running) - 1)))
        before = self.breaker.state
        self.breaker.leave(ticket, outcome)

        if outcome in {"answered", "abandoned"}:
            assert self.breaker.state == before or (before, self.breaker.state) == ("closed", "open")

    @precondition(lambda self: self.probes)
    @rule(outcome=st.sampled_from(["answered", "failed", "unreachable", "abandoned"]))
    def leave_probe(self, outcome: Outcome) -> None:
        self.breaker.leave(self.probes.pop(), outcome)

        assert (self.breaker.state == "open") is (outcome in {"failed", "unreachable"})

    @rule(seconds=st.integers(0, 400))
    def pass_time(self, seconds: int) -> None:
        self.clock.now += seconds

    @invariant()
    def waits_are_bounded(self) -> None:
        assert timedelta() <= self.breaker.wait <= self.limits.longest_pause
        assert (self.breaker.wait > timedelta()) is (self.breaker.state == "open" or bool(self.probes))


BreakerMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
TestBreakerMachine = BreakerMachine.TestCase
