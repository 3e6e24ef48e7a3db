"""Which titles a file is, when two reports name the same one, and what is known of it then."""

import msgspec
import pytest

from services.syncer.history.same_title import episodes_of, is_same_title, merge_titles
from shared.schemas.media import Account, Ids, Title

ANNA = Account("plex", "s", "1", "anna")
MATRIX = Title(type="movie", title="The Matrix", year=1999, ids=Ids(imdb=("tt0133093",)), duration_s=8160)
PILOT = Title(
    type="episode", title="Pilot", show="Lost", season=1, episode=1, show_ids=Ids(tvdb=("73739",)), duration_s=2700
)
DOUBLE = Title(
    type="episode",
    title="A / B",
    show="S",
    season=5,
    episode=14,
    episode_end=16,
    ids=Ids(tvdb=("1",)),
    show_ids=Ids(tvdb=("9",)),
    item="e",
    duration_s=3600,
)


def is_same(one: Title, other: Title) -> bool:
    return is_same_title(one, other, account=ANNA, other_account=ANNA)


def test_what_the_second_report_knew_is_kept() -> None:
    bare = Title(type="movie", title="The Matrix", ids=Ids(tmdb=("603",)))

    known = merge_titles(bare, MATRIX)

    assert (known.ids, known.year, known.duration_s) == (Ids(imdb=("tt0133093",), tmdb=("603",)), 1999, 8160)


def test_a_file_with_several_episodes_is_a_play_of_each_and_its_ids_are_the_first_ones() -> None:
    first, *others = episodes_of(DOUBLE)

    assert first == msgspec.structs.replace(DOUBLE, episode_end=None, duration_s=1200)
    assert [(title.episode, title.episode_end, title.season, title.show) for title in others] == [
        (15, None, 5, "S"),
        (16, None, 5, "S"),
    ]
    assert all((title.ids, title.item, title.duration_s) == (Ids(), None, 1200) for title in others)
    assert all(title.show_ids == DOUBLE.show_ids for title in others)


def test_the_episodes_of_a_file_are_titles_of_their_own_also_without_a_season_and_a_name() -> None:
    bare = msgspec.structs.replace(DOUBLE, title="Episode 14", season=None, show_ids=Ids(), ids=Ids())

    titles = episodes_of(bare)

    assert [title.title for title in titles] == ["Episode 14", "Episode 15", "Episode 16"]
    assert [[is_same(one, other) for other in titles] for one in titles] == [
        [True, False, False],
        [False, True, False],
        [False, False, True],
    ]


@pytest.mark.parametrize("title", [MATRIX, PILOT])
def test_any_other_title_is_a_play_of_itself(title: Title) -> None:
    assert episodes_of(title) == [title]
