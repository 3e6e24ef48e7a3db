"""Jellyfin's other plug-in, in its own format and in its imitation of Plex."""

from typing import Any

import pytest

from shared.schemas.media import Account, Ids, Title
from tests.unit.syncer.history.sources.outcomes import NOW, ignored, unwatched, watched

RAIN = Account("jellyfin", "16588a9f062a40c4966586b1d220bffc", "02700c8344d542619b39319296c0d4c7", "Rain")

SHEMANAEV = {
    "Event": "Scrobble",
    "Item": {
        "Id": "9250ab3d1101d01705c353b78cbb572e",
        "Name": "Undertaker",
        "Type": "Episode",
        "SeriesName": "86 Eighty-Six",
        "ParentIndexNumber": 1,
        "IndexNumber": 2,
        "ProductionYear": 2021,
        "ProviderIds": {"Imdb": "tt13718450", "Tvdb": "8276500"},
        "RunTimeTicks": 14_210_970_000,
        "UserData": {"Played": True, "LastPlayedDate": "2026-11-20T11:30:00Z"},
    },
    "Series": {"Name": "86 Eighty-Six", "ProviderIds": {"Tvdb": "378609", "AniDb": "15862"}},
    "User": {"Name": "Rain", "Id": "02700c8344d542619b39319296c0d4c7"},
    "Session": {"DeviceName": "Chrome"},
    "Server": {"Id": "16588a9f062a40c4966586b1d220bffc", "Name": "Rain", "Version": "10.10.3"},
}


@pytest.mark.parametrize("event", ["Scrobble", "MarkPlayed"])
def test_the_other_plug_in_sends_the_shows_ids_too(event: str) -> None:
    play = watched("jellyfin", SHEMANAEV | {"Event": event})

    assert play.account == RAIN
    assert play.watched_at == NOW
    assert play.title.ids == Ids(imdb=("tt13718450",), tvdb=("8276500",))
    assert play.title.show_ids == Ids(tvdb=("378609",), anidb=("15862",))
    assert (play.title.show, play.title.season, play.title.episode) == ("86 Eighty-Six", 1, 2)


@pytest.mark.parametrize("event", ["Scrobble", "MarkPlayed"])
def test_the_other_plug_in_names_the_last_episode_of_a_file(event: str) -> None:
    double = {**SHEMANAEV["Item"], "IndexNumberEnd": 3}  # type: ignore[dict-item]

    title = watched("jellyfin", SHEMANAEV | {"Event": event, "Item": double}).title

    assert (title.season, title.episode, title.episode_end) == (1, 2, 3)


def test_the_other_plug_ins_unmark_is_a_tombstone() -> None:
    assert unwatched("jellyfin", SHEMANAEV | {"Event": "MarkUnplayed"}).at == NOW


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"Event": "Play"}, "a hint: playback started"),
        ({"Event": "Stop"}, "a hint: playback stopped"),
        ({"Event": "Progress"}, "a hint: playback goes on"),
        ({"Event": "HasPendingRestartChanged"}, "a hint: the server wants a restart"),
        ({"Event": "Exploded"}, "unknown event 'Exploded'"),
        ({"User": None}, "no user: the plug-in does not say whose play this is (User)"),
        ({"Item": None}, "it does not say what kind of item this is"),
        ({"Item": []}, "the payload does not fit: Expected `object | null`, got `array` - at `$.Item`"),
    ],
)
def test_the_other_plug_ins_other_events_are_ignored_with_the_reason(change: dict[str, Any], reason: str) -> None:
    assert ignored("jellyfin", SHEMANAEV | change).reason == reason


LIKE_PLEX = {
    "event": "media.scrobble",
    "user": True,
    "owner": True,
    "Account": {"id": "02700c83-44d5-4261-9b39-319296c0d4c7", "title": "Rain"},
    "Server": {"title": "Rain", "uuid": "16588a9f062a40c4966586b1d220bffc"},
    "Player": {"local": True, "title": "Chrome"},
    "Metadata": {
        "librarySectionType": "show",
        "guid": "com.plexapp.agents.thetvdb://378609/1/2?lang=en",
        "title": "Undertaker",
        "type": "episode",
        "parentTitle": "Season 1",
        "grandparentTitle": "86 Eighty-Six",
        "year": 2021,
        "duration": 14_210_970,
    },
}


def test_the_imitation_of_plex_can_come_out_of_a_template() -> None:
    item = {"type": "movie", "title": "&#28023;&#23777;", "year": "2004"}
    template = LIKE_PLEX | {"Account": {"title": "J&#252;rgen"}, "Metadata": item}

    play = watched("jellyfin", template)
    sent = watched("jellyfin", template | {"Metadata": item | {"year": 2004}})

    assert (play.title.title, play.account.name) == ("海峡", "Jürgen")
    assert (sent.title.title, sent.account.name) == ("&#28023;&#23777;", "J&#252;rgen")


def test_the_imitation_of_plex_is_a_play_on_jellyfin_and_nobody_its_owner() -> None:
    play = watched("jellyfin", LIKE_PLEX)

    assert play.account == RAIN
    assert play.title == Title(
        type="episode",
        title="Undertaker",
        show="86 Eighty-Six",
        season=1,
        episode=2,
        year=2021,
        show_ids=Ids(tvdb=("378609",)),
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"event": "media.pause"}, "a hint: playback paused"),
        ({"event": "media.x"}, "unknown event 'media.x'"),
        ({"Account": None}, "no user: the plug-in does not say whose play this is (Account)"),
        ({"Metadata": None}, "Jellyfin does not say what was played: there is no Metadata"),
        ({"Metadata": 5}, "the payload does not fit: Expected `object | null`, got `int` - at `$.Metadata`"),
    ],
)
def test_the_imitations_other_events_are_ignored_with_the_reason(change: dict[str, Any], reason: str) -> None:
    assert ignored("jellyfin", LIKE_PLEX | change).reason == reason
