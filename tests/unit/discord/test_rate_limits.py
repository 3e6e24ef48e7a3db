"""How long Discord wants us to wait, learnt from its answers."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.discord.rate_limits import INVALID_PER_WINDOW, Limits, Route

GO = timedelta()
POST = Route(method="POST", template="/channels/{channel}/messages", major="1")
POST_ELSEWHERE = Route(method="POST", template="/channels/{channel}/messages", major="2")
EDIT = Route(method="PATCH", template="/webhooks/{token}", major="t", is_global=False)


class FakeClock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def answered(*, remaining: int, reset_after: float = 5, bucket: str = "b1") -> dict[str, str]:
    return {
        "X-RateLimit-Bucket": bucket,
        "X-RateLimit-Limit": "5",
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Reset-After": str(reset_after),
    }


def test_a_route_that_was_never_called_may_go() -> None:
    assert Limits(clock=FakeClock()).take(POST) == GO


def test_of_calls_whose_limit_is_not_known_one_goes_ahead() -> None:
    limits = Limits(clock=FakeClock())

    waits = [limits.take(POST) for _ in range(3)]
    limits.learn(POST, status=200, headers=answered(remaining=4), wait=None)
    after = [limits.take(POST) for _ in range(5)]

    assert waits == [GO, timedelta(seconds=0.5), timedelta(seconds=0.5)]
    assert after == [GO, GO, GO, GO, timedelta(seconds=5)]


def test_an_answer_that_never_comes_holds_nobody_up() -> None:
    clock = FakeClock()
    limits = Limits(clock=clock)
    limits.take(POST)
    clock.now += 0.5

    assert limits.take(POST) == GO


def test_once_known_a_limit_holds_for_other_channels_and_for_later() -> None:
    clock = FakeClock()
    limits = Limits(clock=clock)
    limits.take(POST)
    limits.learn(POST, status=200, headers=answered(remaining=4), wait=None)
    clock.now += 60

    elsewhere = [limits.take(POST_ELSEWHERE) for _ in range(6)]
    later = [limits.take(POST) for _ in range(6)]

    assert elsewhere == later == [GO] * 5 + [timedelta(seconds=5)]


def test_an_answer_late_in_its_time_does_not_make_the_next_one_shorter() -> None:
    clock = FakeClock()
    limits = Limits(clock=clock)
    limits.learn(POST, status=200, headers=answered(remaining=4, reset_after=5), wait=None)
    clock.now += 4
    limits.learn(POST, status=200, headers=answered(remaining=3, reset_after=1), wait=None)
    clock.now += 2

    assert [limits.take(POST) for _ in range(6)] == [GO] * 5 + [timedelta(seconds=5)]


def test_a_call_without_a_limit_is_not_held() -> None:
    limits = Limits(clock=FakeClock())
    limits.take(POST)
    limits.learn(POST, status=200, headers={}, wait=None)

    assert [limits.take(POST) for _ in range(50)] == [GO] * 50


def test_what_is_left_is_counted_down_before_the_answers_come() -> None:
    limits = Limits(clock=FakeClock())
    limits.learn(POST, status=200, headers=answered(remaining=2), wait=None)

    waits = [limits.take(POST) for _ in range(3)]

    assert waits == [GO, GO, timedelta(seconds=5)]


def test_after_the_reset_it_goes_on() -> None:
    clock = FakeClock()
    limits = Limits(clock=clock)
    limits.learn(POST, status=200, headers=answered(remaining=0, reset_after=1.5), wait=None)
    clock.now += 1.5

    assert limits.take(POST) == GO


def test_an_answer_that_is_late_gives_nothing_back() -> None:
    limits = Limits(clock=FakeClock())
    limits.learn(POST, status=200, headers=answered(remaining=1), wait=None)
    limits.take(POST)

    limits.learn(POST, status=200, headers=answered(remaining=3), wait=None)

    assert limits.take(POST) == timedelta(seconds=5)


def test_each_channel_has_its_own() -> None:
    limits = Limits(clock=FakeClock())
    limits.learn(POST, status=200, headers=answered(remaining=0), wait=None)

    assert limits.take(POST_ELSEWHERE) == GO


def test_calls_of_one_bucket_share_what_is_left() -> None:
    limits = Limits(clock=FakeClock())
    read = Route(method="GET", template="/channels/{channel}/messages", major="1")
    limits.learn(read, status=200, headers=answered(remaining=5), wait=None)

    limits.learn(POST, status=200, headers=answered(remaining=0), wait=None)

    assert limits.take(read) == timedelta(seconds=5)


def test_a_429_holds_its_route_and_no_other() -> None:
    limits = Limits(clock=FakeClock())

    limits.learn(POST, status=429, headers={"X-RateLimit-Scope": "user"}, wait=timedelta(seconds=9))

    assert limits.take(POST) == timedelta(seconds=9)
    assert limits.take(EDIT) == GO


@pytest.mark.parametrize("headers", [{"X-RateLimit-Global": "true"}, {"X-RateLimit-Scope": "global"}])
def test_a_global_429_holds_all_that_the_bot_does_but_no_replies(headers: dict[str, str]) -> None:
    limits = Limits(clock=FakeClock())

    limits.learn(POST, status=429, headers=headers, wait=timedelta(seconds=2))

    assert limits.take(POST_ELSEWHERE) == timedelta(seconds=2)
    assert limits.take(EDIT) == GO


def test_too_many_refusals_stop_everything_before_discord_shuts_us_out() -> None:
    clock = FakeClock()
    limits = Limits(clock=clock)
    for number in range(INVALID_PER_WINDOW):
        route = Route(method="PATCH", template="/webhooks/{token}", major=str(number), is_global=False)
        assert limits.take(route) == GO
        limits.learn(route, status=401, headers={}, wait=None)

    assert limits.take(POST) == timedelta(minutes=10)
    clock.now += 600
    limits.learn(EDIT, status=401, headers={}, wait=None)
    assert limits.take(POST) == GO


def test_refusals_that_are_nobodys_fault_do_not_count() -> None:
    limits = Limits(clock=FakeClock())

    for number in range(INVALID_PER_WINDOW + 1):
        route = Route(method="POST", template="/x", major=str(number))
        limits.learn(route, status=429, headers={"X-RateLimit-Scope": "shared"}, wait=timedelta(seconds=1))
        limits.learn(route, status=404, headers={}, wait=None)

    assert limits.take(POST) == GO


def test_a_429_without_a_time_holds_nothing() -> None:
    limits = Limits(clock=FakeClock())

    limits.learn(POST, status=429, headers={}, wait=None)

    assert limits.take(POST) == GO


@given(remaining=st.text(), reset_after=st.text())
def test_no_header_breaks_it(remaining: str, reset_after: str) -> None:
    limits = Limits(clock=FakeClock())

    headers = {"X-RateLimit-Remaining": remaining, "X-RateLimit-Reset-After": reset_after, "X-RateLimit-Bucket": "b"}
    limits.learn(POST, status=200, headers=headers, wait=None)

    assert GO <= limits.take(POST) <= timedelta(days=1)


@pytest.mark.parametrize("odd", ["nan", "inf", "-5", "1e400", ""])
def test_an_absurd_time_is_no_wait_for_ever(odd: str) -> None:
    limits = Limits(clock=FakeClock())

    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": odd}
    limits.learn(POST, status=200, headers=headers, wait=None)

    assert limits.take(POST) <= timedelta(days=1)


def test_replies_of_long_ago_are_forgotten() -> None:
    clock = FakeClock()
    limits = Limits(clock=clock)
    for number in range(20_000):
        clock.now += 1
        route = Route(method="PATCH", template="/webhooks/{token}", major=str(number), is_global=False)
        limits.learn(route, status=200, headers=answered(remaining=4), wait=None)

    assert len(limits) <= 1000
