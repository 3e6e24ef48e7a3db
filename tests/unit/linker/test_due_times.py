"""When tokens are renewed and tries are free again: whatever the times, never too often and never too late."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.linker.signins.due_times import FIRST_WAIT, LONGEST_WAIT, SHORTEST, next_try_at, renew_at, wait_after

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
WINDOW = timedelta(minutes=5)
spans = st.timedeltas(min_value=timedelta(days=-4000), max_value=timedelta(days=4000))
offsets = st.lists(st.integers(min_value=0, max_value=2000), max_size=60)


def test_a_token_of_a_week_is_renewed_after_three_and_a_half_days() -> None:
    assert renew_at(NOW + timedelta(days=7), now=NOW) == NOW + timedelta(days=3, hours=12)


def test_a_token_that_does_not_end_is_never_renewed() -> None:
    assert renew_at(None, now=NOW) is None


@given(life=spans)
def test_a_renewal_is_never_at_once_and_before_the_end_where_the_life_allows_it(life: timedelta) -> None:
    due = renew_at(NOW + life, now=NOW)

    assert due is not None
    assert due - NOW >= SHORTEST
    assert due <= NOW + max(life, SHORTEST)


@given(failures=st.integers(min_value=0, max_value=2**40), asked=st.none() | spans)
def test_a_wait_is_at_least_what_was_asked_for_and_otherwise_bounded(failures: int, asked: timedelta | None) -> None:
    wait = wait_after(failures, asked=asked)

    assert wait >= (asked or FIRST_WAIT)
    assert FIRST_WAIT <= wait <= max(LONGEST_WAIT, asked or LONGEST_WAIT)


@given(failures=st.integers(min_value=1, max_value=1000))
def test_waits_grow(failures: int) -> None:
    assert wait_after(failures) <= wait_after(failures + 1)


@given(asked_at=offsets, most=st.integers(min_value=1, max_value=8))
def test_no_window_ever_holds_more_tries_than_are_allowed(asked_at: list[int], most: int) -> None:
    let_in: list[datetime] = []
    for seconds in sorted(asked_at):
        now = NOW + timedelta(seconds=seconds)
        again_at = next_try_at(let_in[::-1], most=most, window=WINDOW)
        if again_at is None or again_at <= now:
            let_in.append(now)

    assert all(later - earlier >= WINDOW for earlier, later in zip(let_in, let_in[most:], strict=False))


@given(asked_at=offsets, most=st.integers(min_value=1, max_value=8))
def test_whoever_waits_as_long_as_he_is_told_may_try(asked_at: list[int], most: int) -> None:
    tried_at = [NOW + timedelta(seconds=seconds) for seconds in sorted(asked_at, reverse=True)]
    again_at = next_try_at(tried_at, most=most, window=WINDOW)

    assert (again_at is None) == (len(tried_at) < most)
    assert again_at is None or sum(at > again_at - WINDOW for at in tried_at) < most
