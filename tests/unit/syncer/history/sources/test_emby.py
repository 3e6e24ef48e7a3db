"""Emby's quirks that no recorded payload shows."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.syncer.history.sources.outcome import Ignored
from shared.schemas.media import Account, Ids, Title
from tests.unit.syncer.history.sources.outcomes import NOW, ignored, unwatched, watched

LUIZ = Account("emby", "15596ac9bbc24127b9f01db6f33630c7", "aac3a78d9f184ea480fb1629e76aad57", "luiz")
ACCOUNTANT = Title(
    type="movie",
    title="The Accountant",
    year=2016,
    ids=Ids(imdb=("tt2140479",), tmdb=("302946",)),
    item="4916",
    duration_s=7680,
)
STOP: dict[str, Any] = {
    "Title": "luiz has finished playing The Accountant on Chrome",
    "Date": "2026-11-20T11:45:35.1750827Z",
    "Event": "playback.stop",
    "User": {"Name": "luiz", "Id": LUIZ.id},
    "Item": {
        "Name": "The Accountant",
        "Id": "4916",
        "Type": "Movie",
        "ProductionYear": 2016,
        "ProviderIds": {"IMDB": "tt2140479", "Tmdb": "302946", "Official Website": "https://example.org"},
        "RunTimeTicks": 76_800_000_000,
    },
    "Server": {"Name": "home", "Id": LUIZ.server, "Version": "4.9.0.0"},
    "PlaybackInfo": {"PlayedToCompletion": True, "PositionTicks": 76_000_000_000},
}
AT_THE_END = datetime(2026, 11, 20, 11, 45, 35, 175082, tzinfo=UTC)


@pytest.mark.parametrize("change", [{}, {"Event": "item.markplayed", "PlaybackInfo": None}])
def test_a_stop_at_the_end_and_a_mark_are_plays(change: dict[str, Any]) -> None:
    play = watched("emby", STOP | change)

    assert (play.account, play.title, play.watched_at) == (LUIZ, ACCOUNTANT, AT_THE_END)


@pytest.mark.parametrize("change", [{}, {"Event": "item.markplayed", "PlaybackInfo": None}])
def test_a_file_with_several_episodes_has_a_last_one(change: dict[str, Any]) -> None:
    double = {"Type": "Episode", "SeriesName": "S", "ParentIndexNumber": 5, "IndexNumber": 14, "IndexNumberEnd": 15}

    title = watched("emby", STOP | change | {"Item": STOP["Item"] | double}).title

    assert (title.season, title.episode, title.episode_end) == (5, 14, 15)


def test_an_unmark_is_a_tombstone() -> None:
    tombstone = unwatched("emby", STOP | {"Event": "item.markunplayed"})

    assert (tombstone.account, tombstone.title, tombstone.at) == (LUIZ, ACCOUNTANT, AT_THE_END)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"PlaybackInfo": {"PlayedToCompletion": False}}, "a hint: playback stopped before the end"),
        ({"PlaybackInfo": {}}, "a hint: playback stopped before the end"),
        ({"PlaybackInfo": None}, "a hint: playback stopped before the end"),
        ({"Event": "playback.unpause"}, "a hint: playback resumed"),
        ({"Event": "item.rate"}, "a hint: an item was rated"),
        ({"Event": "user.authenticated"}, "a hint: something about an account"),
        ({"Event": "system.webhooktest"}, "a test: it arrived"),
        ({"Event": "playback.scrobble"}, "unknown event 'playback.scrobble'"),
        ({"Event": None}, "it names no event"),
        (
            {"User": None},
            "no user: list everybody in 'Limit user events to' of Emby's webhook, or it sends none",
        ),
        ({"Item": None}, "it does not say what kind of item this is"),
        ({"Item": {"Type": "Movie"}}, "Emby does not say which movie this is"),
        ({"Item": {"Type": "Audio", "Name": "x"}}, "music is not tracked"),
        ({"Item": "x"}, "the payload does not fit: Expected `object | null`, got `str` - at `$.Item`"),
    ],
)
def test_everything_else_is_ignored_with_the_reason(change: dict[str, Any], reason: str) -> None:
    assert ignored("emby", STOP | change).reason == reason


def test_only_an_unknown_event_is_unknown() -> None:
    assert ignored("emby", STOP | {"Event": "playback.scrobble"}).known is False
    assert ignored("emby", STOP | {"Event": "user.authenticated"}) == Ignored("a hint: something about an account")


def test_the_server_is_known_by_the_item_where_it_is_not_named() -> None:
    play = watched("emby", STOP | {"Server": None, "Item": STOP["Item"] | {"ServerId": LUIZ.server}})

    assert play.account == LUIZ


def test_ids_of_an_episode_are_its_own() -> None:
    item = {
        "Type": "Episode",
        "Name": "Pilot",
        "SeriesName": "Lost",
        "SeriesId": "77",
        "ParentIndexNumber": 1,
        "IndexNumber": 1,
        "PremiereDate": "2004-09-22T00:00:00.0000000Z",
        "ProviderIds": {"Tvdb": "127131"},
    }

    assert watched("emby", STOP | {"Item": item}).title == Title(
        type="episode", title="Pilot", show="Lost", season=1, episode=1, year=2004, ids=Ids(tvdb=("127131",))
    )


@pytest.mark.parametrize("date", ["9999-12-31T23:59:59.9999999Z", "Friday, 6 June 2025 19:45", "", None, -3])
def test_an_impossible_moment_gives_way_to_when_it_was_received(date: object) -> None:
    assert watched("emby", STOP | {"Date": date}).watched_at == NOW
