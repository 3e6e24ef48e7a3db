"""Movies and episodes are identified somehow, or refused with a reason."""

import pytest

from services.syncer.history.sources.outcome import Ignored
from services.syncer.history.sources.titles import Description, identify
from shared.schemas.media import Ids, Title


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (Description(kind="movie", title="Heat", year=1995), Title(type="movie", title="Heat", year=1995)),
        (Description(kind="Movie", title="Heat", season=1, episode=2, show="x"), Title(type="movie", title="Heat")),
        (
            Description(kind="movie", ids=Ids(tmdb=("949",), plex=("ab",))),
            Title(type="movie", title="tmdb 949", ids=Ids(tmdb=("949",), plex=("ab",))),
        ),
        (
            Description(kind="EPISODE", title="Pilot", show="Lost", season="1", episode="1"),
            Title(type="episode", title="Pilot", show="Lost", season=1, episode=1),
        ),
        (
            Description(kind="episode", show="Lost", episode=5),
            Title(type="episode", title="Episode 5", show="Lost", episode=5),
        ),
        (
            Description(kind="episode", season=0, episode=0, show_ids=Ids(tvdb=("73739",))),
            Title(type="episode", title="Episode 0", season=0, episode=0, show_ids=Ids(tvdb=("73739",))),
        ),
        (
            Description(kind="episode", ids=Ids(tvdb=("127131",))),
            Title(type="episode", title="tvdb 127131", ids=Ids(tvdb=("127131",))),
        ),
        (
            Description(kind="movie", title="Heat", year="19950", duration_s=10**9, item="x" * 1000),
            Title(type="movie", title="Heat", item="x" * 100),
        ),
        (
            Description(kind="episode", title="Pilot", season=-1, episode=100_001, year=1869),
            Title(type="episode", title="Pilot"),
        ),
    ],
)
def test_what_is_named_in_some_way_is_a_title(seen: Description, expected: Title) -> None:
    assert identify(seen, sender="Plex") == expected


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (14, 15, (14, 15)),
        ("14", "15", (14, 15)),
        ("1", 50, (1, 50)),
        (0, 1, (0, 1)),
        ("14-15", None, (14, 15)),
        (" 06 - 10 ", "", (6, 10)),
        ("14-", None, (14, None)),
        (14, 14, (14, None)),
        (14, 13, (14, None)),
        (1, 51, (1, None)),
        (1, 2_000_000_000, (1, None)),
        ("1-2000000000", None, (1, None)),
        ("1-999999", None, (1, None)),
        (1, -1, (1, None)),
        (1, "", (1, None)),
        (1, [2], (1, None)),
        (1, True, (1, None)),
        (None, 15, (None, None)),
        ("2021-10-20", None, (None, None)),
    ],
)
def test_a_file_has_as_many_episodes_as_a_file_can_have(
    first: object, last: object, expected: tuple[int | None, int | None]
) -> None:
    title = identify(
        Description(kind="episode", title="A / B", show="S", season=5, episode=first, episode_end=last), sender="Emby"
    )

    assert isinstance(title, Title)
    assert (title.episode, title.episode_end) == expected


def test_a_movie_and_an_episode_of_no_show_have_no_others() -> None:
    for kind in ("movie", "episode"):
        title = identify(Description(kind=kind, title="A / B", season=5, episode=14, episode_end=15), sender="Emby")

        assert isinstance(title, Title)
        assert title.episode_end is None


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        (Description(kind="movie", year=1995, item="5"), "Plex does not say which movie this is"),
        (Description(kind="movie", title="\x00"), "Plex does not say which movie this is"),
        (Description(kind="Episode", season=1, episode=2), "Plex does not say which episode this is"),
        (Description(kind="episode", show="Lost", season=1), "Plex does not say which episode this is"),
        (Description(kind="track", title="x"), "music is not tracked"),
        (Description(kind="Audio", title="x"), "music is not tracked"),
        (Description(kind="photo", title="x"), "photos are not tracked"),
        (Description(kind="clip", title="x"), "trailers and extras are not tracked"),
        (Description(kind="Season", title="x"), "a whole show or season is not a play: its episodes are"),
        (Description(kind="TvChannel", title="x"), "live television is not tracked: it has no ids"),
        (Description(kind="AudioBook", title="x"), "books are not tracked"),
        (Description(kind="hologram", title="x"), "'hologram' is not tracked"),
        (Description(kind=None, title="x"), "it does not say what kind of item this is"),
        (Description(kind=["movie"], title="x"), "it does not say what kind of item this is"),
    ],
)
def test_anything_else_is_refused_with_the_reason(seen: Description, reason: str) -> None:
    assert identify(seen, sender="Plex") == Ignored(reason)
