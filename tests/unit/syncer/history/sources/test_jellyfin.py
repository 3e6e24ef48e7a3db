"""Quirks of Jellyfin's official plug-in that no recorded payload shows."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from services.syncer.history.sources.outcome import Ignored
from shared.schemas.media import Account, Ids, Title
from tests.unit.syncer.history.sources.outcomes import NOW, ignored, unwatched, watched

RAIN = Account("jellyfin", "16588a9f062a40c4966586b1d220bffc", "02700c8344d542619b39319296c0d4c7", "Rain")
AT_THE_END = datetime(2026, 11, 20, 11, 58, tzinfo=UTC)
EPISODE = Title(
    type="episode",
    title="Undertaker",
    show="86 Eighty-Six",
    season=1,
    episode=2,
    year=2021,
    ids=Ids(imdb=("tt13718450",), tvdb=("8276500",)),
    item="9250ab3d1101d01705c353b78cbb572e",
    duration_s=1421,
)
SENT = {
    "ServerId": RAIN.server,
    "UtcTimestamp": "2026-11-20T11:58:00.0000000Z",
    "Name": "Undertaker",
    "ItemId": EPISODE.item,
    "ItemType": "Episode",
    "RunTimeTicks": 14_210_970_000,
    "Year": 2021,
    "SeriesName": "86 Eighty-Six",
    "SeasonNumber": 1,
    "EpisodeNumber": 2,
    "Provider_imdb": "tt13718450",
    "Provider_tvdb": "8276500",
    "Provider_tvmaze": "5",
    "UserId": RAIN.id,
    "NotificationUsername": "Rain",
}
TEMPLATED = {
    "ServerId": "16588A9F-062A-40C4-9665-86B1D220BFFC",
    "UtcTimestamp": "2026-11-20T11:58:00Z",
    "Name": "Undertaker",
    "ItemId": "9250ab3d-1101-d017-05c3-53b78cbb572e",
    "ItemType": "Episode",
    "RunTimeTicks": "14210970000",
    "Year": "2021",
    "SeriesName": "86 Eighty-Six",
    "SeasonNumber": "1",
    "EpisodeNumber": "02",
    "provider_IMDB": "tt13718450",
    "provider_tvdb": 8276500,
    "Provider_tmdb": "",
    "UserId": "02700c83-44d5-4261-9b39-319296c0d4c7",
    "NotificationUsername": "Rain",
}


@pytest.mark.parametrize(
    "payload",
    [
        SENT | {"NotificationType": "PlaybackStop", "PlayedToCompletion": True},
        TEMPLATED | {"NotificationType": "PlaybackStop", "PlayedToCompletion": "True"},
        SENT | {"NotificationType": "UserDataSaved", "SaveReason": "TogglePlayed", "Played": True},
        TEMPLATED | {"NotificationType": "UserDataSaved", "SaveReason": "TogglePlayed", "Played": "True"},
        SENT | {"NotificationType": "UserDataSaved", "SaveReason": "PlaybackFinished", "Played": True},
    ],
)
def test_a_stop_at_the_end_a_toggle_and_a_finished_playback_are_plays(payload: dict[str, Any]) -> None:
    play = watched("jellyfin", payload)

    assert (play.account, play.title, play.watched_at) == (RAIN, EPISODE, AT_THE_END)


@pytest.mark.parametrize(
    ("payload", "last"),
    [
        (SENT | {"EpisodeNumberEnd": 3}, 3),
        (TEMPLATED | {"EpisodeNumberEnd": "03"}, 3),
        (TEMPLATED | {"EpisodeNumberEnd": ""}, None),
        (TEMPLATED | {"EpisodeNumber": "02-03"}, 3),
        (SENT | {"EpisodeNumberEnd": 2_000_000_000}, None),
    ],
)
def test_a_file_with_several_episodes_has_a_last_one(payload: dict[str, Any], last: int | None) -> None:
    play = watched("jellyfin", payload | {"NotificationType": "PlaybackStop", "PlayedToCompletion": "True"})

    assert play.title == msgspec.structs.replace(EPISODE, episode_end=last)


@pytest.mark.parametrize("played", [False, "False", "false"])
def test_an_untoggle_is_a_tombstone_of_now(played: object) -> None:
    toggle = {"NotificationType": "UserDataSaved", "SaveReason": "TogglePlayed", "Played": played}

    tombstone = unwatched("jellyfin", SENT | toggle | {"LastPlayedDate": "2026-11-19T20:00:00Z"})

    assert (tombstone.account, tombstone.title, tombstone.at) == (RAIN, EPISODE, AT_THE_END)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"NotificationType": "PlaybackStop", "PlayedToCompletion": "False"},
            "a hint: playback stopped before the end",
        ),
        (
            {"NotificationType": "PlaybackStop", "PlayedToCompletion": "", "Played": "True"},
            "a hint: playback stopped, and it does not say whether at the end (PlayedToCompletion)",
        ),
        (
            {"NotificationType": "UserDataSaved", "SaveReason": "PlaybackProgress", "Played": True},
            "a hint: the user's data of an item was saved (PlaybackProgress)",
        ),
        (
            {"NotificationType": "UserDataSaved", "SaveReason": "PlaybackFinished", "Played": False},
            "a hint: the user's data of an item was saved (PlaybackFinished)",
        ),
        (
            {"NotificationType": "UserDataSaved", "SaveReason": "UpdateUserRating", "Played": True},
            "a hint: the user's data of an item was saved (UpdateUserRating)",
        ),
        (
            {"NotificationType": "UserDataSaved", "Played": True},
            "a hint: the user's data of an item was saved (it does not say why)",
        ),
        (
            {"NotificationType": "UserDataSaved", "SaveReason": "TogglePlayed", "Played": ""},
            "it does not say whether it was marked as played or as not played (Played)",
        ),
        ({"NotificationType": "PluginInstalled"}, "a hint: something about a plug-in"),
        ({"NotificationType": "UserCreated"}, "a hint: something about an account"),
        ({"NotificationType": "PendingRestart"}, "a hint: the server wants a restart"),
    ],
)
def test_everything_else_is_ignored_with_the_reason(change: dict[str, Any], reason: str) -> None:
    assert ignored("jellyfin", SENT | change) == Ignored(reason)


def test_an_unknown_event_is_named() -> None:
    result = ignored("jellyfin", {"NotificationType": "Exploded"})

    assert result == Ignored("unknown event 'Exploded'", known=False)


FINISHED = SENT | {"NotificationType": "PlaybackStop", "PlayedToCompletion": True}
TOGGLED = SENT | {"NotificationType": "UserDataSaved", "SaveReason": "TogglePlayed", "Played": True}


def test_a_toggle_happened_when_the_item_was_last_played() -> None:
    play = watched("jellyfin", TOGGLED | {"LastPlayedDate": "2026-11-19T20:15:30.1234567Z"})

    assert play.watched_at == datetime(2026, 11, 19, 20, 15, 30, 123456, tzinfo=UTC)


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00.0000000Z", "", "soon", -1, None])
def test_an_impossible_moment_gives_way_to_when_it_was_received(moment: object) -> None:
    assert watched("jellyfin", FINISHED | {"UtcTimestamp": moment}).watched_at == NOW
    assert watched("jellyfin", TOGGLED | {"UtcTimestamp": moment, "LastPlayedDate": moment}).watched_at == NOW


ESCAPED = {"Name": "&#28023;&#23777; &quot;&amp;amp;&quot;", "SeriesName": "J&#xFC;rgen &eacute;", "UserId": None}
AS_MEANT = ('海峡 "&amp;"', "Jürgen é", "&#252;")


@pytest.mark.parametrize(
    "payload",
    [
        FINISHED | {"PlayedToCompletion": "True"},
        FINISHED | {"PlayedToCompletion": "true"},
        FINISHED | {"PlayedToCompletion": True, "RunTimeTicks": "14210970000"},
        FINISHED | {"PlayedToCompletion": True, "EpisodeNumber": "2"},
        TOGGLED | {"Played": "True"},
    ],
)
def test_what_a_template_has_escaped_for_html_is_read_as_it_was(payload: dict[str, Any]) -> None:
    play = watched("jellyfin", payload | ESCAPED | {"NotificationUsername": "&amp;#252;"})

    assert (play.title.title, play.title.show, play.account.name) == AS_MEANT


@pytest.mark.parametrize("payload", [FINISHED, TOGGLED])
@pytest.mark.parametrize("name", ["&#28023;&#23777;", "Tom &amp; Jerry", "R&eacute;n&eacute;"])
def test_what_is_sent_with_all_properties_is_read_as_it_is(payload: dict[str, Any], name: str) -> None:
    play = watched("jellyfin", payload | {"Name": name, "NotificationUsername": name, "UserId": None})

    assert (play.title.title, play.account.name) == (name, name)


def test_a_finished_viewing_was_watched_at_its_end_and_began_when_it_was_last_played() -> None:
    saved = {"SaveReason": "PlaybackFinished", "LastPlayedDate": "2026-11-20T10:00:00.0000000Z"}

    play = watched("jellyfin", TOGGLED | saved)

    assert (play.watched_at, play.began_at, play.reported_at) == (
        AT_THE_END,
        datetime(2026, 11, 20, 10, tzinfo=UTC),
        None,
    )


@pytest.mark.parametrize("begin", ["2026-11-20T12:04:00Z", "2026-11-01T10:00:00Z", "11/20/2026 10:00:00", "", None])
def test_a_begin_that_cannot_be_is_none(begin: object) -> None:
    play = watched("jellyfin", TOGGLED | {"SaveReason": "PlaybackFinished", "LastPlayedDate": begin})

    assert (play.watched_at, play.began_at) == (AT_THE_END, None)


def test_a_toggle_says_until_when_nothing_else_began() -> None:
    play = watched("jellyfin", TOGGLED | {"LastPlayedDate": "2026-11-20T10:00:00Z"})

    assert play.watched_at == play.began_at == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert play.reported_at == AT_THE_END


def test_a_user_without_an_id_is_known_by_name() -> None:
    play = watched("jellyfin", FINISHED | {"UserId": "", "ServerId": None})

    assert play.account == Account("jellyfin", "", "Rain", "Rain")


def test_a_play_of_nobody_is_ignored() -> None:
    result = ignored("jellyfin", FINISHED | {"UserId": "", "NotificationUsername": None})

    assert result.reason == "no user: the template sends neither UserId nor NotificationUsername"


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("Audio", "music is not tracked"),
        ("Season", "a whole show or season is not a play: its episodes are"),
        ("TvChannel", "live television is not tracked: it has no ids"),
        ("", "it does not say what kind of item this is"),
        (None, "it does not say what kind of item this is"),
    ],
)
def test_only_movies_and_episodes_are_tracked(kind: object, reason: str) -> None:
    assert ignored("jellyfin", FINISHED | {"ItemType": kind}).reason == reason


def test_a_movie_without_a_name_is_called_by_its_id() -> None:
    play = watched("jellyfin", FINISHED | {"ItemType": "Movie", "Name": ""})

    assert play.title == Title(
        type="movie",
        title="imdb tt13718450",
        year=2021,
        ids=EPISODE.ids,
        item=EPISODE.item,
        duration_s=1421,
    )


def test_one_odd_provider_does_not_cost_the_others() -> None:
    play = watched("jellyfin", FINISHED | {"Provider_anidb": {"a": 1}, "Provider_tmdb": 2**70, "PROVIDER_IMDB": "tt1"})

    assert play.title.ids == Ids(imdb=("tt13718450", "tt1"), tvdb=("8276500",))
