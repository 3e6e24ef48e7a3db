"""Plex's quirks that no recorded payload shows."""

from typing import Any

import pytest

from services.syncer.history.sources.outcome import Ignored
from shared.schemas.media import Account, Ids
from tests.unit.syncer.history.sources.outcomes import NOW, ignored, outcome, watched

OWNER = {"id": 1, "title": "icco"}
HEAT = {"type": "movie", "title": "Heat", "year": 1995, "ratingKey": "5", "duration": 10_200_000}


def scrobble(metadata: dict[str, Any] | None = None, **top: object) -> dict[str, Any]:
    return {
        "event": "media.scrobble",
        "user": True,
        "owner": True,
        "Account": OWNER,
        "Server": {"uuid": "abc", "title": "storm"},
        "Metadata": HEAT | (metadata or {}),
        **top,
    }


def episode(**metadata: object) -> dict[str, Any]:
    return scrobble({"type": "episode", "title": "Pilot", "grandparentTitle": "Lost"} | metadata)


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ("media.play", "a hint: playback started"),
        ("playback.started", "a hint: playback started"),
        ("media.pause", "a hint: playback paused"),
        ("media.resume", "a hint: playback resumed"),
        ("media.stop", "a hint: playback stopped"),
        ("media.rate", "a hint: an item was rated"),
        ("library.new", "a hint: an item was added"),
        ("library.on.deck", "a hint: an item is next to watch"),
        ("device.new", "a hint: a device was added"),
        ("admin.database.backup", "a hint: the server backed up its database"),
        ("admin.database.corrupted", "a hint: the server's database is corrupted"),
    ],
)
def test_every_other_event_is_a_hint(event: str, reason: str) -> None:
    assert ignored("plex", scrobble(event=event)) == Ignored(reason)


@pytest.mark.parametrize("event", ["media.unscrobble", "MEDIA.SCROBBLE", "media.scrobble.x", "a\x00b"])
def test_an_unknown_event_is_named(event: str) -> None:
    result = ignored("plex", scrobble(event=event))

    assert result == Ignored(f"unknown event {event.replace(chr(0), ' ')!r}", known=False)


def test_a_play_happened_when_it_was_received_whatever_the_last_view_was() -> None:
    assert watched("plex", scrobble({"lastViewedAt": 1547095971})).watched_at == NOW


@pytest.mark.parametrize("live", [1, "1", True, "true"])
def test_live_television_is_not_tracked(live: object) -> None:
    assert ignored("plex", scrobble({"live": live})).reason == "live television is not tracked: it has no ids"


@pytest.mark.parametrize("live", [0, "0", False, None, ""])
def test_what_is_not_live_is_tracked(live: object) -> None:
    assert watched("plex", scrobble({"live": live})).title.title == "Heat"


def test_keys_that_differ_by_case_only_are_two_keys() -> None:
    metadata = {
        "guid": "plex://movie/5d7768273c3c2a001fbcb51b",
        "Guid": [{"id": "imdb://tt0113277"}],
        "rating": 8.1,
        "Rating": [{"image": "imdb://image.rating", "value": 8.1}],
    }

    assert watched("plex", scrobble(metadata)).title.ids == Ids(imdb=("tt0113277",), plex=("5d7768273c3c2a001fbcb51b",))


def test_two_ids_of_one_source_are_both_kept() -> None:
    guids = [{"id": "imdb://tt0113277"}, {"id": "imdb://tt9999999"}, {"id": "tmdb://949"}]

    assert watched("plex", scrobble({"Guid": guids})).title.ids == Ids(imdb=("tt0113277", "tt9999999"), tmdb=("949",))


def test_an_old_guid_of_a_movie_is_the_movies() -> None:
    title = watched("plex", scrobble({"guid": "com.plexapp.agents.themoviedb://949?lang=en"})).title

    assert (title.ids, title.show_ids) == (Ids(tmdb=("949",)), Ids())


def test_an_old_guid_of_an_episode_is_the_shows_and_counts_where_plex_does_not() -> None:
    title = watched("plex", episode(guid="com.plexapp.agents.thetvdb://73739/2/15?lang=en")).title

    assert (title.ids, title.show_ids, title.season, title.episode) == (Ids(), Ids(tvdb=("73739",)), 2, 15)


def test_plexs_own_count_goes_before_the_guids() -> None:
    title = watched("plex", episode(guid="com.plexapp.agents.hama://anidb-5/1/1", parentIndex="3", index=0)).title

    assert (title.season, title.episode) == (3, 0)


def test_new_ids_of_an_episode_are_its_own_and_the_show_is_its_grandparent() -> None:
    title = watched(
        "plex",
        episode(
            guid="plex://episode/5de8dbdf18b6d6001db44001",
            Guid=[{"id": "tvdb://127131"}],
            parentGuid="plex://season/602e65269b7e9c002d714336",
            grandparentGuid="plex://show/5d9c0855ffd9ef001e991de0",
        ),
    ).title

    assert title.ids == Ids(tvdb=("127131",), plex=("5de8dbdf18b6d6001db44001",))
    assert title.show_ids == Ids(plex=("5d9c0855ffd9ef001e991de0",))


@pytest.mark.parametrize(
    "guid", ["local://239918", "com.plexapp.agents.none://5?lang=xn", "nonsense", 5, {}, [[["x"]]]]
)
def test_an_unmatched_movie_is_a_play_without_ids(guid: object) -> None:
    title = watched("plex", scrobble({"guid": guid})).title

    assert (title.title, title.ids) == ("Heat", Ids())


def test_an_unmatched_movie_without_a_title_is_nothing() -> None:
    result = ignored("plex", scrobble({"guid": "local://239918", "title": ""}))

    assert result.reason == "Plex does not say which movie this is"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"Metadata": None}, "Plex does not say what was played: there is no Metadata"),
        ({"Account": None}, "no user: Plex does not say whose play this is (Account)"),
        ({"Account": {}}, "no user: Plex does not say whose play this is (Account)"),
        ({"Metadata": ["x"]}, "the payload does not fit: Expected `object | null`, got `array` - at `$.Metadata`"),
        ({"Account": "icco"}, "the payload does not fit: Expected `object | null`, got `str` - at `$.Account`"),
        ({"Server": 5}, "the payload does not fit: Expected `object | null`, got `int` - at `$.Server`"),
    ],
)
def test_what_does_not_fit_is_named(change: dict[str, Any], reason: str) -> None:
    assert outcome("plex", scrobble(**change)) == Ignored(reason)


def test_another_user_on_the_owners_server_is_not_the_owner() -> None:
    play = watched("plex", scrobble(user=False, Account={"id": 26608833, "title": "4craigmc"}))

    assert play.account == Account("plex", "abc", "26608833", "4craigmc", is_owner=False)


def test_me_on_a_friends_server_is_not_its_owner() -> None:
    play = watched("plex", scrobble(owner=False, Account={"id": 1, "title": "Guest"}))

    assert play.account == Account("plex", "abc", "1/Guest", "Guest", is_owner=False)


def test_a_play_without_a_server_has_an_empty_one() -> None:
    assert watched("plex", scrobble(Server=None)).account.server == ""


def test_hostile_texts_are_kept_as_texts_that_can_be_stored() -> None:
    title = "<script>alert(1)</script>'; drop table plays;--\x00\u202e" + "x" * 10_000

    stored = watched("plex", scrobble({"title": title})).title.title

    assert stored.startswith("<script>alert(1)</script>'; drop table plays;-- ")
    assert "\x00" not in stored
    assert len(stored) == 500
