"""Tautulli's templates: ours, those of others, and what Tautulli leaves in them."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.syncer.history.sources.outcome import Ignored
from shared.schemas.media import Account, Ids, Title
from tests.unit.syncer.history.sources.outcomes import NOW, ignored, watched

DOCUMENTED = Path(__file__).parents[5] / "docs" / "webhooks.md"


def template() -> dict[str, str]:
    """Return the template in our documentation."""
    found = re.search(r"```json\n(\{\n  \"event\": \"\{action\}\".*?)```", DOCUMENTED.read_text(), re.DOTALL)
    assert found
    return msgspec.json.decode(found[1], type=dict[str, str])


def filled_in(**parameters: object) -> dict[str, Any]:
    """Return the template as Tautulli sends it: texts, empty for what the item lacks."""
    return {key: str(parameters.get(value.strip("{}"), "")) for key, value in template().items()}


COMMON: dict[str, object] = {
    "action": "watched",
    "username": "melissar26",
    "user_id": 19267583,
    "server_machine_id": "544b62f0b4f85d5d8f2c91696763d13578f5264a",
    "server_name": "storm",
    "utctime": "2026-11-20T11:58:00.123456",
    "live": 0,
}
MELISSA = Account("plex", "544b62f0b4f85d5d8f2c91696763d13578f5264a", "19267583", "melissar26", is_owner=False)
MOVIE: dict[str, object] = COMMON | {
    "media_type": "movie",
    "title": 'Heat "Director\'s Cut"',
    "episode_name": 'Heat "Director\'s Cut"',
    "season_num": "0",
    "episode_num": "0",
    "year": 1995,
    "imdb_id": "tt0113277",
    "themoviedb_id": 949,
    "thetvdb_id": "",
    "guid": "plex://movie/5d7768273c3c2a001fbcb51b",
    "rating_key": 75580,
    "duration_sec": 10200,
}
EPISODE: dict[str, object] = COMMON | {
    "media_type": "episode",
    "title": "Bob's Burgers - The Fresh Princ-ipal",
    "show_name": "Bob's Burgers",
    "episode_name": "The Fresh Princ-ipal",
    "season_num": 9,
    "episode_num": 15,
    "year": 2019,
    "imdb_id": "tt1561755",
    "themoviedb_id": 32726,
    "thetvdb_id": 194031,
    "guid": "plex://episode/5de8dbdf18b6d6001db44001",
    "rating_key": 146734,
    "duration_sec": 1320,
}


def test_our_template_gives_a_movie() -> None:
    play = watched("tautulli", filled_in(**MOVIE))

    assert play.account == MELISSA
    assert play.watched_at == datetime(2026, 11, 20, 11, 58, 0, 123456, tzinfo=UTC)
    assert play.title == Title(
        type="movie",
        title='Heat "Director\'s Cut"',
        year=1995,
        ids=Ids(imdb=("tt0113277",), tmdb=("949",), plex=("5d7768273c3c2a001fbcb51b",)),
        item="75580",
        duration_s=10200,
    )


def test_our_template_gives_an_episode_with_the_ids_of_its_show() -> None:
    assert watched("tautulli", filled_in(**EPISODE)).title == Title(
        type="episode",
        title="The Fresh Princ-ipal",
        show="Bob's Burgers",
        season=9,
        episode=15,
        year=2019,
        ids=Ids(plex=("5de8dbdf18b6d6001db44001",)),
        show_ids=Ids(imdb=("tt1561755",), tmdb=("32726",), tvdb=("194031",)),
        item="146734",
        duration_s=1320,
    )


def test_an_old_agents_guid_counts_from_its_show() -> None:
    old = EPISODE | {"guid": "com.plexapp.agents.thetvdb://194031/9/15?lang=en", "season_num": "", "episode_num": ""}

    title = watched("tautulli", filled_in(**old)).title

    assert (title.ids, title.season, title.episode) == (Ids(), 9, 15)
    assert title.show_ids.tvdb == ("194031",)


def test_our_template_as_it_is_was_not_filled_in() -> None:
    result = ignored("tautulli", template())

    assert result == Ignored("a template: Tautulli did not fill in its placeholders", known=False)


def test_placeholders_that_were_left_are_absent() -> None:
    play = watched(
        "tautulli",
        template() | {"event": "watched", "media_type": "movie", "title": "Heat", "user": "icco"},
    )

    assert play.account == Account("plex", "", "icco", "icco")
    assert play.title == Title(type="movie", title="Heat")
    assert play.watched_at == NOW


@pytest.mark.parametrize(
    ("action", "reason", "known"),
    [
        ("play", "a hint: playback started", True),
        ("stop", "a hint: playback stopped", True),
        ("created", "a hint: an item was added", True),
        ("test", "a test: it arrived", True),
        ("Playback Start", "a hint: playback started", True),
        ("pmsupdate", "a hint: something about a server", True),
        ("exploded", "unknown event 'exploded'", False),
        ("", "it names no event", False),
    ],
)
def test_other_actions_are_ignored_with_the_reason(action: str, reason: str, known: bool) -> None:  # noqa: FBT001
    assert ignored("tautulli", filled_in(**MOVIE | {"action": action})) == Ignored(reason, known=known)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"live": 1}, "live television is not tracked: it has no ids"),
        ({"media_type": "track"}, "music is not tracked"),
        ({"media_type": "season"}, "a whole show or season is not a play: its episodes are"),
        ({"user_id": "", "username": ""}, "no user: the template sends neither user_id nor user"),
    ],
)
def test_what_is_no_play_is_ignored_with_the_reason(change: dict[str, Any], reason: str) -> None:
    assert ignored("tautulli", filled_in(**EPISODE | change)).reason == reason


@pytest.mark.parametrize(
    "payload",
    [
        {
            "action": "watched",
            "server_machine_id": "abc",
            "username": "icco",
            "user_id": 639131,
            "duration_ms": 10_200_000,
        },
        {"notification_type": "Watched", "server_id": "abc", "user": "icco", "user_id": "639131", "duration": "170"},
        {"event": "scrobble", "server_id": "abc", "user": "icco", "user_id": "639131", "duration_sec": 10200},
    ],
)
def test_the_names_that_others_use_are_understood(payload: dict[str, Any]) -> None:
    play = watched("tautulli", payload | {"media_type": "movie", "title": "Heat", "unixtime": 1795175880})

    assert play.account == Account("plex", "abc", "639131", "icco")
    assert play.title == Title(type="movie", title="Heat", duration_s=10200)
    assert play.watched_at == datetime.fromtimestamp(1795175880, tz=UTC)


@pytest.mark.parametrize(
    ("user_id", "expected"),
    [("1", "1/icco"), (1, "1/icco"), ("0", "icco"), ("{user_id}", "icco"), ("undefined", "icco"), (639131, "639131")],
)
def test_nobody_becomes_the_owner(user_id: object, expected: str) -> None:
    payload = filled_in(**MOVIE) | {"user": "icco", "user_id": user_id}

    account = watched("tautulli", payload).account

    assert (account.id, account.is_owner) == (expected, False)


LIKE_PLEX: dict[str, Any] = {
    "event": "media.watched",
    "user": "undefined",
    "owner": "undefined",
    "Account": {"userId": "19267583", "id": "undefined", "title": "melissar26"},
    "Server": {"title": "storm", "uuid": "544b62f0b4f85d5d8f2c91696763d13578f5264a"},
    "Metadata": {
        "ratingKey": "75580",
        "guid": "com.plexapp.agents.imdb://tt0113277?lang=en",
        "type": "movie",
        "title": "Heat",
        "grandparentTitle": "",
        "year": "1995",
        "duration": "170",
        "viewOffset": "undefined",
    },
}


@pytest.mark.parametrize("event", ["media.watched", "media.scrobble"])
def test_the_shape_of_plex_is_read(event: str) -> None:
    play = watched("tautulli", LIKE_PLEX | {"event": event})

    assert play.account == MELISSA
    assert (play.title.title, play.title.year, play.title.ids) == ("Heat", 1995, Ids(imdb=("tt0113277",)))


def test_the_shape_of_plex_makes_nobody_the_owner() -> None:
    account = watched("tautulli", LIKE_PLEX | {"user": True, "owner": True, "Account": {"id": 1, "title": "x"}}).account

    assert account == Account("plex", MELISSA.server, "1/x", "x", is_owner=False)


def test_what_does_not_fit_is_named() -> None:
    result = ignored("tautulli", LIKE_PLEX | {"Account": ["x"]})

    assert result.reason == "the payload does not fit: Expected `object | null`, got `array` - at `$.Account`"
