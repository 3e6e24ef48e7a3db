"""When two reports are one viewing, and when they are a rewatch or another title."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.syncer.history.same_title import keys_of, merge_titles
from services.syncer.history.same_viewing import Viewing, find_duplicates, is_same_viewing
from shared.schemas.media import Account, Ids, Title

ANNA = Account("plex", "s", "1", "anna")
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
MATRIX = Title(type="movie", title="The Matrix", year=1999, ids=Ids(imdb=("tt0133093",)), duration_s=8160)
PILOT = Title(
    type="episode", title="Pilot", show="Lost", season=1, episode=1, show_ids=Ids(tvdb=("73739",)), duration_s=2700
)


def viewing(title: Title, *, minutes: float = 0, feeder: str = "plex", account: Account = ANNA) -> Viewing:
    return Viewing(
        id=f"{feeder}{minutes}",
        feeder=feeder,
        feeder_server="s",
        account=account,
        title=title,
        watched_at=NOON + timedelta(minutes=minutes),
    )


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param(viewing(MATRIX), viewing(MATRIX, minutes=1), True, id="a scrobble again after the credits"),
        pytest.param(viewing(MATRIX), viewing(MATRIX, minutes=140), False, id="a rewatch"),
        pytest.param(viewing(MATRIX), viewing(MATRIX, minutes=100, feeder="tautulli"), True, id="two feeders"),
        pytest.param(viewing(MATRIX), viewing(MATRIX, minutes=150, feeder="tautulli"), False, id="feeders far apart"),
        pytest.param(viewing(PILOT), viewing(PILOT, minutes=100, feeder="tautulli"), True, id="two hours at least"),
        pytest.param(viewing(MATRIX), viewing(PILOT), False, id="another title"),
    ],
)
def test_two_reports(one: Viewing, other: Viewing, *, same: bool) -> None:
    assert is_same_viewing(one, other) is same
    assert is_same_viewing(other, one) is same


def test_a_remake_of_the_same_name_is_another_title() -> None:
    remake = Title(type="movie", title="The Matrix", year=1999, ids=Ids(imdb=("tt9999999",)))

    assert not is_same_viewing(viewing(MATRIX), viewing(remake, feeder="tautulli"))


def test_one_feeder_without_ids_is_matched_by_name_and_year() -> None:
    bare = Title(type="movie", title="the  MATRIX", year=1999)

    assert is_same_viewing(viewing(MATRIX), viewing(bare, feeder="tautulli"))


def test_the_next_episode_is_another_title() -> None:
    second = Title(type="episode", title="Pilot", show="Lost", season=1, episode=2, show_ids=Ids(tvdb=("73739",)))

    assert not is_same_viewing(viewing(PILOT), viewing(second, minutes=1))


@given(st.text(max_size=40), st.text(max_size=40), st.integers(0, 50), st.integers(0, 50))
def test_any_title_is_the_same_as_itself(name: str, show: str, season: int, episode: int) -> None:
    for title in (
        Title(type="movie", title=name, item="7"),
        Title(type="episode", title=name, show=show, season=season, episode=episode),
    ):
        assert keys_of(title, account=ANNA)
        assert is_same_viewing(viewing(title), viewing(title, minutes=1))


def test_an_item_without_ids_and_numbers_is_known_by_its_senders_id() -> None:
    bare = Title(type="episode", title="Special", item="58657")

    assert is_same_viewing(viewing(bare), viewing(bare, minutes=1))
    assert merge_titles(Title(type="episode", title="Special"), bare).item == "58657"


def test_two_reports_of_one_viewing_fold_into_the_first_which_learns_from_the_other() -> None:
    first = viewing(msgspec.structs.replace(MATRIX, duration_s=None))
    second = viewing(msgspec.structs.replace(MATRIX, ids=Ids(imdb=("tt0133093",), tmdb=("603",))), feeder="jellyfin")
    other = viewing(PILOT, minutes=1)

    (found,) = find_duplicates([first, other, second])

    assert (found.kept.id, found.removed) == (first.id, (second.id,))
    assert (found.kept.title.ids.tmdb, found.kept.title.duration_s) == (("603",), 8160)


def test_what_a_report_teaches_folds_a_third_that_shared_nothing_with_the_first() -> None:
    by_imdb = viewing(MATRIX)
    by_both = viewing(
        msgspec.structs.replace(MATRIX, title="Matrix", ids=Ids(imdb=("tt0133093",), tmdb=("603",))), feeder="jellyfin"
    )
    by_tmdb = viewing(Title(type="movie", title="Die Matrix", ids=Ids(tmdb=("603",))), feeder="emby")

    (found,) = find_duplicates([by_imdb, by_both, by_tmdb])

    assert found.removed == (by_both.id, by_tmdb.id)


@given(st.lists(st.tuples(st.integers(0, 600), st.sampled_from(["plex", "jellyfin"])), max_size=12, unique=True))
def test_folding_keeps_or_folds_every_viewing_once(times: list[tuple[int, str]]) -> None:
    viewings = [viewing(MATRIX, minutes=minutes, feeder=feeder) for minutes, feeder in times]

    found = find_duplicates(viewings)

    gone = [one for each in found for one in each.removed]
    assert len(gone) == len(set(gone))
    assert {each.kept.id for each in found}.isdisjoint(gone)
    assert find_duplicates([one for one in viewings if one.id not in gone]) == []
