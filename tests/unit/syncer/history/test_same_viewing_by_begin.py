"""What follows for viewings from Jellyfin's time of when the last one began."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from services.syncer.history.same_viewing import Viewing, duplicates_of, find_duplicates, is_same_viewing
from shared.schemas.media import Account, Title

EIGHT = datetime(2026, 11, 30, 20, tzinfo=UTC)
ANNA = Account("jellyfin", "s", "u", "anna")
OTHER = Account("jellyfin", "s", "v", "anna too")


def movie(minutes: float | None) -> Title:
    return Title(type="movie", title="N", item="i", duration_s=None if minutes is None else int(minutes * 60))


def at(minutes: float) -> datetime:
    return EIGHT + timedelta(minutes=minutes)


def stop(end: float, *, runtime: float | None = 90, account: Account = ANNA) -> Viewing:
    """Return what `PlaybackStop` reports, in minutes after eight."""
    return Viewing(
        id=f"stop {end} {account.id}",
        feeder="jellyfin",
        feeder_server="s",
        account=account,
        title=movie(runtime),
        watched_at=at(end),
    )


def saved(begin: float, end: float, *, runtime: float | None = 90, account: Account = ANNA) -> Viewing:
    """Return what `UserDataSaved` reports after a playback."""
    return Viewing(
        id=f"saved {begin} {end} {account.id}",
        feeder="jellyfin",
        feeder_server="s",
        account=account,
        title=movie(runtime),
        watched_at=at(end),
        began_at=at(begin),
    )


def toggle(begin: float, told: float) -> Viewing:
    """Return what `UserDataSaved` reports when a person, or a client at the end, marks it as played."""
    return Viewing(
        id=f"toggle {begin} {told}",
        feeder="jellyfin",
        feeder_server="s",
        account=ANNA,
        title=movie(90),
        watched_at=at(begin),
        began_at=at(begin),
        reported_at=at(told),
    )


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param(saved(0, 90), stop(90.02), True, id="the stop and the saved state"),
        pytest.param(saved(0, 400), stop(400.02), True, id="paused for hours"),
        pytest.param(saved(0, 900), stop(900.02), True, id="paused over night"),
        pytest.param(saved(0, 400), stop(95), True, id="saved late, and without a time of its own"),
        pytest.param(saved(0, 400), stop(-30), False, id="a viewing that ended before this one began"),
        pytest.param(saved(0, 90), stop(200), False, id="a viewing of the same evening"),
        pytest.param(saved(0, 90), stop(90 + 24 * 60), False, id="a viewing of another day"),
        pytest.param(saved(0, 90), saved(0, 90), True, id="the same once more"),
        pytest.param(saved(0, 90), saved(0, 500), True, id="the same again, late, and without a time of its own"),
        pytest.param(saved(0, 90), saved(0, 90 + 24 * 60), False, id="a client that does not tell when it begins"),
        pytest.param(saved(0, 90), saved(91, 96), True, id="the credits after a look at something else"),
        pytest.param(saved(0, 90), saved(91, 181), False, id="once more at once"),
        pytest.param(saved(0, 90), saved(91, 136), False, id="once more at once, and half of it skipped"),
        pytest.param(stop(90), saved(91, 136), False, id="the same, and only the stop of the first came"),
        pytest.param(saved(0, 5, runtime=5), saved(5.1, 10.1, runtime=5), False, id="a short one once more at once"),
        pytest.param(
            stop(5, runtime=5), saved(5.1, 10.1, runtime=5), False, id="a short one, of which only the stop came"
        ),
        pytest.param(saved(0, 5, runtime=None), saved(5.1, 16, runtime=None), False, id="of unknown length, at once"),
        pytest.param(saved(0, 90, runtime=None), saved(91, 96, runtime=None), True, id="credits of unknown length"),
        pytest.param(toggle(0, 90), stop(90.02), True, id="a client that marks it as played at the end"),
        pytest.param(toggle(0, 90), saved(0, 90), True, id="the same, and the saved state"),
        pytest.param(toggle(0, 1000), saved(0, 1000), True, id="the same after a long pause"),
        pytest.param(toggle(0, 30), stop(210), False, id="marked by hand, and watched later"),
        pytest.param(toggle(0, 30), saved(120, 210), False, id="the same, and the saved state of the later one"),
        pytest.param(toggle(0, 0), stop(0.1), True, id="marked for the first time at the end"),
        pytest.param(saved(0, 90), saved(91, 181, account=OTHER), False, id="another account later"),
        pytest.param(saved(0, 400), stop(95, account=OTHER), False, id="another account during a pause"),
        pytest.param(saved(0, 90), stop(90.02, account=OTHER), True, id="another account at the same time"),
    ],
)
def test_two_reports(one: Viewing, other: Viewing, *, same: bool) -> None:
    assert is_same_viewing(one, other) is same
    assert is_same_viewing(other, one) is same


def stored(reports: tuple[Viewing, ...]) -> list[Viewing]:
    """Return the plays that remain after these reports in turn."""
    plays: dict[str, Viewing] = {}
    for report in reports:
        found = duplicates_of(plays.values(), report)
        kept = report if found is None else found.kept
        plays = {key: play for key, play in plays.items() if found is None or key not in found.removed} | {
            kept.id: kept
        }
    return sorted(plays.values(), key=lambda play: play.watched_at)


@pytest.mark.parametrize("pause", [0, 30, 500, 900, 5000])
@pytest.mark.parametrize("order", [*permutations(range(4))])
def test_one_viewing_is_one_play_at_its_end_in_whatever_order_it_is_told(order: tuple[int, ...], pause: int) -> None:
    end = 90 + pause
    reports = [saved(0, end), stop(end + 0.02), toggle(0, end + 0.03), saved(0, end)]

    (play,) = stored(tuple(reports[place] for place in order))

    assert at(end) <= play.watched_at <= at(end + 0.02)
    assert play.began_at == EIGHT


@pytest.mark.parametrize("order", [*permutations(range(4))])
@pytest.mark.parametrize("gap", [5, 60, 24 * 60])
def test_two_viewings_are_two_plays_in_whatever_order_they_are_told(order: tuple[int, ...], gap: int) -> None:
    again = 90 + gap
    reports = [saved(0, 90), stop(90.02), saved(again, again + 90), stop(again + 90.02)]

    first, second = stored(tuple(reports[place] for place in order))

    assert at(90) <= first.watched_at <= at(90.02)
    assert at(again + 90) <= second.watched_at <= at(again + 90.02)


def test_reports_of_accounts_that_turn_out_to_be_one_persons_fold_at_the_end() -> None:
    (found,) = find_duplicates([saved(0, 400), stop(400.02, account=OTHER)])

    assert (found.kept.watched_at, found.removed) == (at(400), (stop(400.02, account=OTHER).id,))


def test_what_another_account_knows_of_begins_is_not_learned() -> None:
    (found,) = find_duplicates([stop(90), saved(0, 90, account=OTHER)])

    assert found.kept.began_at is None
