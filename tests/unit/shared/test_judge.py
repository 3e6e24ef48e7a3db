"""The verdict on a message, one case per kind of failure."""

from datetime import timedelta

import msgspec
import pytest

from shared.bus import judge as judging
from shared.bus.judge import (
    DURABLE,
    IN_BAND,
    LONGEST_WAIT,
    MAX_ATTEMPTS,
    SHORTEST_PAUSE,
    Ack,
    AlreadyDoneError,
    Drop,
    Hold,
    Later,
    Pause,
    Retry,
    Verdict,
)
from shared.errors import NotFoundError, PermanentError, TransientError, UnavailableError


def judge(
    error: Exception | None, *, attempts: int = 1, waited: timedelta = timedelta(), chance: float = 0.5
) -> Verdict:
    return judging.judge(error, attempts=attempts, waited=waited, chance=chance)


def throttled(seconds: float) -> TransientError:
    return TransientError("throttled", retry_after=timedelta(seconds=seconds))


def test_a_handler_that_returns_is_done() -> None:
    assert judge(None, attempts=1, chance=0.5) == Ack()


def test_a_message_that_the_inbox_knows_is_done_too() -> None:
    assert judge(AlreadyDoneError("x"), attempts=3, chance=0.5) == Ack(duplicate=True)


@pytest.mark.parametrize("attempts", [1, 5, 50])
def test_our_own_outage_costs_no_attempt(attempts: int) -> None:
    assert judge(UnavailableError("Postgres is away"), attempts=attempts, chance=0) == Hold("Postgres is away")


@pytest.mark.parametrize("error", [PermanentError("never"), NotFoundError("never"), msgspec.DecodeError("never")])
def test_what_cannot_work_is_dropped_at_once(error: Exception) -> None:
    verdict = judge(error, attempts=1, chance=0.5)

    assert isinstance(verdict, Drop)
    assert "never" in verdict.reason


def test_the_first_tries_are_short_and_in_the_stream() -> None:
    waits = [judge(TransientError("slow"), attempts=attempts, chance=0.9999) for attempts in (1, 2, 3)]

    assert [round(wait.after.total_seconds()) for wait in waits if isinstance(wait, Retry)] == [1, 5, 30]


def test_the_later_tries_are_long_and_in_the_table() -> None:
    verdicts = [judge(TransientError("slow"), attempts=attempts, chance=0.5) for attempts in range(4, MAX_ATTEMPTS)]

    assert [verdict.after for verdict in verdicts if isinstance(verdict, Later)] == list(DURABLE[: len(verdicts)])


def test_the_last_try_ends_among_the_dead() -> None:
    verdict = judge(TransientError("slow"), attempts=MAX_ATTEMPTS, chance=0.5)

    assert verdict == Drop(f"gave up after {MAX_ATTEMPTS} tries: slow")


@pytest.mark.parametrize("attempts", [1, 9, MAX_ATTEMPTS, 500])
def test_a_wait_that_was_asked_for_is_kept_exactly_and_counts_for_nothing(attempts: int) -> None:
    verdicts = [judge(throttled(seconds), attempts=attempts, chance=0.99) for seconds in (3, 300, 30 * 3600)]

    assert verdicts == [
        Pause(timedelta(seconds=3), "throttled"),
        Later(timedelta(seconds=300), "throttled", counts=False),
        Later(timedelta(hours=30), "throttled", counts=False),
    ]


def test_short_waits_that_are_asked_for_again_and_again_keep_no_worker() -> None:
    verdict = judge(throttled(3), waited=timedelta(minutes=1))

    assert verdict == Later(timedelta(seconds=3), "throttled", counts=False)


@pytest.mark.parametrize("seconds", [-5, 0, 0.01])
def test_a_wait_of_nothing_is_no_reason_to_call_without_end(seconds: float) -> None:
    assert judge(throttled(seconds)) == Pause(SHORTEST_PAUSE, "throttled")


def test_waiting_ends_a_week_after_the_first_try() -> None:
    just_before, then = (judge(throttled(60), waited=LONGEST_WAIT - timedelta(seconds=left)) for left in (1, 0))

    assert just_before == Later(timedelta(seconds=60), "throttled", counts=False)
    assert then == Drop("gave up after 7 days: throttled")


def test_a_wait_beyond_all_calendars_is_a_week() -> None:
    verdict = judge(TransientError("throttled", retry_after=timedelta.max))

    assert verdict == Later(LONGEST_WAIT, "throttled", counts=False)


def test_a_bug_gets_three_tries() -> None:
    verdicts = [judge(KeyError("x"), attempts=attempts, chance=0.5) for attempts in (1, 2, 3)]

    assert [type(verdict) for verdict in verdicts] == [Retry, Retry, Drop]


def test_chance_spreads_the_waits_within_their_bounds() -> None:
    for chance in (0.0, 0.5, 0.999):
        verdict = judge(TransientError("slow"), attempts=1, chance=chance)
        assert isinstance(verdict, Retry)
        assert IN_BAND[0] / 2 <= verdict.after <= IN_BAND[0]
