"""When a sign-in is asked for next, what is shown of it, and when its token is looked at."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from services.linker.signins.domain import Asker, SignInCode, SignInRow, new_row, next_poll_at
from services.linker.signins.due_times import CHECK_EVERY, first_check_at

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
BEGUN = SignInCode(
    code="code",
    url="http://plex.test",
    expires_at=NOON + timedelta(minutes=30),
    poll_every=timedelta(seconds=2),
    short_code="4KXW",
    short_until=NOON + timedelta(minutes=15),
)


def row() -> SignInRow:
    return new_row(BEGUN, sign_in_id="s1", provider="plex", server="", asker=Asker("usher", "ada", "ada"), at=NOON)


@pytest.mark.parametrize(
    ("age", "asked", "wait"),
    [
        (timedelta(seconds=10), None, timedelta(seconds=2)),
        (timedelta(minutes=1), None, timedelta(seconds=5)),
        (timedelta(minutes=5), None, timedelta(seconds=30)),
        (timedelta(seconds=10), timedelta(seconds=1), timedelta(seconds=2)),
        (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=1)),
        (timedelta(minutes=29), timedelta(hours=1), timedelta(minutes=1)),
        (timedelta(minutes=31), None, timedelta()),
    ],
)
def test_the_older_a_sign_in_the_seldomer_it_is_asked_for_until_it_is_over(
    age: timedelta, asked: timedelta | None, wait: timedelta
) -> None:
    assert next_poll_at(row(), now=NOON + age, wait=asked) == NOON + age + wait


def test_one_that_somebody_came_to_see_is_as_new() -> None:
    seen = msgspec.structs.replace(row(), wanted_at=NOON + timedelta(minutes=10))

    assert next_poll_at(seen, now=NOON + timedelta(minutes=10)) == NOON + timedelta(minutes=10, seconds=2)


def test_a_slow_system_is_asked_as_seldom_as_it_wants() -> None:
    seldom = new_row(
        SignInCode(code="c", url="u", expires_at=BEGUN.expires_at, poll_every=timedelta(seconds=45)),
        sign_in_id="s1",
        provider="trakt",
        server="",
        asker=Asker("usher", "ada", "ada"),
        at=NOON,
    )

    assert next_poll_at(seldom, now=NOON + timedelta(minutes=6)) == NOON + timedelta(minutes=6, seconds=45)


def test_a_short_code_is_shown_until_it_is_over() -> None:
    shown = [row().as_sign_in(now=NOON + timedelta(minutes=minutes)).short_code for minutes in (14, 15)]

    assert shown == ["4KXW", None]


def test_tokens_linked_at_once_are_not_checked_at_once() -> None:
    moments = [first_check_at(str(number), now=NOON) for number in range(100)]

    assert len(set(moments)) == 100
    assert all(NOON + CHECK_EVERY / 2 <= moment <= NOON + CHECK_EVERY for moment in moments)
