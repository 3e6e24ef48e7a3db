"""Guids of Plex's agents, old and new, are read as their makers mean them."""

import pytest

from services.syncer.history.sources.guids import Guid, read, read_all


@pytest.mark.parametrize(
    ("guid", "expected"),
    [
        ("imdb://tt0133093", Guid(kind="imdb", id="tt0133093")),
        ("tmdb://603", Guid(kind="tmdb", id="603")),
        ("tvdb://7047159", Guid(kind="tvdb", id="7047159")),
        ("TMDB://603", Guid(kind="tmdb", id="603")),
        ("plex://movie/5fc6912f1a65df002dd28ab7", Guid(kind="plex", id="5fc6912f1a65df002dd28ab7")),
        ("plex://episode/5de8dbdf18b6d6001db44001", Guid(kind="plex", id="5de8dbdf18b6d6001db44001")),
        ("plex://show/5d9c0855ffd9ef001e991de0", Guid(kind="plex", id="5d9c0855ffd9ef001e991de0", of_show=True)),
    ],
)
def test_a_new_guid_names_the_item_itself(guid: str, expected: Guid) -> None:
    assert read(guid) == expected


def counted(kind: str, value: str, season: int | None = None, episode: int | None = None) -> Guid:
    return Guid(kind=kind, id=value, of_show=True, season=season, episode=episode)


@pytest.mark.parametrize(
    ("guid", "expected"),
    [
        ("com.plexapp.agents.thetvdb://73871/2/15?lang=en", counted("tvdb", "73871", 2, 15)),
        ("com.plexapp.agents.thetvdb://73871/2?lang=en", counted("tvdb", "73871", 2)),
        ("com.plexapp.agents.thetvdb://73871?lang=en", counted("tvdb", "73871")),
        ("com.plexapp.agents.thetvdb://12345", counted("tvdb", "12345")),
        ("com.plexapp.agents.thetvdb://73871/0/3", counted("tvdb", "73871", 0, 3)),
        ("com.plexapp.agents.thetvdbdvdorder://73871/2/15", counted("tvdb", "73871", 2, 15)),
        ("com.plexapp.agents.themoviedb://1396/1/2?lang=de", counted("tmdb", "1396", 1, 2)),
        ("com.plexapp.agents.themoviedb://603?lang=en", counted("tmdb", "603")),
        ("com.plexapp.agents.imdb://tt0072684?lang=en", counted("imdb", "tt0072684")),
        ("com.plexapp.agents.hama://anidb-17494/1/7?lang=en", counted("anidb", "17494", 1, 7)),
        ("com.plexapp.agents.hama://tvdb-81797/4/1?lang=en", counted("tvdb", "81797", 4, 1)),
        ("com.plexapp.agents.hama://tvdb2-331753/0/1?lang=en", counted("tvdb", "331753", 0, 1)),
        ("com.plexapp.agents.hama://tvdb5-305074/3/41", counted("tvdb", "305074", 3, 41)),
        ("com.plexapp.agents.hama://tmdb-23150?lang=en", counted("tmdb", "23150")),
        ("com.plexapp.agents.hama://imdb-tt0080339", counted("imdb", "tt0080339")),
        ("net.fribbtastic.coding.plex.myanimelist://52305/1/1?lang=en", counted("mal", "52305", 1, 1)),
        ("com.plexapp.agents.xbmcnfo://tt0080339?lang=en", counted("imdb", "tt0080339")),
        ("com.plexapp.agents.xbmcnfo://550?lang=en", counted("tmdb", "550")),
        ("com.plexapp.agents.xbmcnfotv://153021/2/1?lang=xn", counted("tvdb", "153021", 2, 1)),
        ("com.plexapp.agents.thetvdb://73871/two/-1", counted("tvdb", "73871")),
    ],
)
def test_an_old_guid_names_the_show_and_counts_from_there(guid: str, expected: Guid) -> None:
    assert read(guid) == expected


@pytest.mark.parametrize(
    ("guid", "expected"),
    [
        ("tv.plex.agents.nfo.movie://movie/tmdb_383498", Guid(kind="tmdb", id="383498")),
        ("tv.plex.agents.nfo.movie://movie/imdb_tt0133093", Guid(kind="imdb", id="tt0133093")),
        ("tv.plex.agents.nfo.series://episode/tvdb_7547572", Guid(kind="tvdb", id="7547572")),
        ("tv.plex.agents.nfo.series://show/tvdb_73871", Guid(kind="tvdb", id="73871", of_show=True)),
    ],
)
def test_the_nfo_agent_says_what_kind_of_thing_it_names(guid: str, expected: Guid) -> None:
    assert read(guid) == expected


@pytest.mark.parametrize(
    "guid",
    [
        "",
        "nonsense",
        "tmdb://",
        "://603",
        "local://239918",
        "com.plexapp.agents.none://569747/2026/41103?lang=xn",
        "tv.plex.agents.none://1234",
        "tv.plex.agents.nfo.movie://movie/youtube_abc",
        "tv.plex.agents.nfo.movie://",
        "iva://api.internetvideoarchive.com/2.0/DataService/VideoAssets(409353)?lang=en",
        "com.plexapp.agents.plexmusic://gracenote/track/7572499-91016293BE6BF7F1?lang=en",
        "com.plexapp.agents.hama://nonsense",
        "com.plexapp.agents.hama://youtube-abc",
        "mbid://6e659357-5963-4daf-a634-a3596893f3d7",
        "plex://track/5d07cdb2403c640290f4b12a",
        "plex://season/602e65269b7e9c002d714336",
        "plex://movie",
        "a" * 100_000,
        "a://" + "b" * 100_000,
    ],
)
def test_a_guid_that_means_nothing_elsewhere_is_none(guid: str) -> None:
    assert read(guid) is None


@pytest.mark.parametrize(
    "value",
    [
        "tvdb://5",
        ["tvdb://5"],
        [{"id": "tvdb://5"}],
        {"id": "tvdb://5"},
        [{"Scheme": "tvdb", "Host": "5"}],
        [None, 7, [], {"id": 5}, {"Scheme": "tvdb"}, {"id": "tvdb://5"}],
    ],
)
def test_guids_come_in_many_wrappings(value: object) -> None:
    assert read_all(None, value) == [Guid(kind="tvdb", id="5")]


def test_a_hundred_guids_are_enough() -> None:
    assert len(read_all([f"tvdb://{number}" for number in range(1, 5000)])) == 100
