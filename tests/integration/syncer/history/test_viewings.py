"""One viewing that Jellyfin reports several times, and one file with several episodes, over the bus."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from shared.postgres import pool as postgres
from shared.schemas.media import Account
from shared.schemas.secret import Secret
from simulators.senders import jellyfin_stop
from tests.integration.syncer.history.house import NOON, House

SAVED = {"NotificationType": "UserDataSaved", "SaveReason": "PlaybackFinished", "Played": True}
MOVIE = {
    "NotificationType": "PlaybackStop",
    "PlayedToCompletion": True,
    "UserId": "u",
    "ServerId": "s",
    "ItemId": "i",
    "ItemType": "Movie",
    "Name": "N",
    "RunTimeTicks": 54_000_000_000,
}


def stop_and_saved(*, hours: float, day: int = 1, **others: Any) -> tuple[bytes, bytes]:
    """Return both reports of a Jellyfin after a viewing of 90 minutes; it began so long before noon."""
    end = NOON + timedelta(days=day - 1)
    stopped = {**MOVIE, "UtcTimestamp": (end + timedelta(seconds=1)).isoformat(), **others}
    times = {"LastPlayedDate": (end - timedelta(hours=hours)).isoformat(), "UtcTimestamp": end.isoformat()}
    return json.dumps(stopped).encode(), json.dumps(stopped | SAVED | times).encode()


@pytest.mark.parametrize("hours", [1.5, 5, 20])
@pytest.mark.parametrize("is_saved_first", [False, True])
async def test_a_viewing_whose_begin_and_end_are_told_is_one_play_at_its_end(
    house: House,
    hours: float,
    is_saved_first: bool,  # noqa: FBT001
) -> None:
    stopped, saved = stop_and_saved(hours=hours)
    reports = [saved, stopped] if is_saved_first else [stopped, saved]

    for payload in [*reports, *reports]:
        await house.post(payload, source="jellyfin", at=NOON + timedelta(seconds=2))
    for payload in stop_and_saved(hours=1.5, day=2):
        await house.post(payload, source="jellyfin", at=NOON + timedelta(days=1))

    second, first = await house.plays()
    assert NOON <= first.watched_at <= NOON + timedelta(seconds=1)
    assert NOON <= second.watched_at - timedelta(days=1) <= NOON + timedelta(seconds=1)


async def test_a_begin_and_an_end_that_are_told_at_once_are_one_play(house: House) -> None:
    await asyncio.gather(*(house.post(one, source="jellyfin") for one in stop_and_saved(hours=5) for _ in range(5)))

    (play,) = await house.plays()
    assert NOON <= play.watched_at <= NOON + timedelta(seconds=1)


async def test_a_begin_and_an_end_told_of_two_accounts_are_one_play_after_the_claim(house: House) -> None:
    stopped, _ = stop_and_saved(hours=5, UserId=None, NotificationUsername="anna")
    _, saved = stop_and_saved(hours=5)
    await house.post(saved, source="jellyfin")
    await house.post(stopped, source="jellyfin")
    assert len(await house.plays()) == 2

    for account_id in ("u", "anna"):
        await house.claim(Account("jellyfin", "s", account_id, account_id), "p", "Anna")

    await house.until_whose(["Anna"])
    (play,) = await house.plays()
    assert play.watched_at == NOON


async def test_marking_as_played_at_the_end_is_no_second_play(house: House) -> None:
    stopped, saved = stop_and_saved(hours=1.5)
    toggle = json.dumps({**json.loads(saved), "SaveReason": "TogglePlayed"}).encode()
    await house.post(toggle, source="jellyfin", webhook_id="toggle")
    assert [play.watched_at for play in await house.plays()] == [NOON - timedelta(hours=1.5)]

    await house.post(stopped, source="jellyfin", at=NOON + timedelta(seconds=2))
    await house.post(saved, source="jellyfin", at=NOON + timedelta(seconds=2))
    await house.post(toggle, source="jellyfin", webhook_id="toggle", attempt=1)

    assert [play.watched_at for play in await house.plays()] == [NOON + timedelta(seconds=1)]


async def test_marking_as_played_after_a_pause_of_a_day_is_no_second_play(house: House) -> None:
    stopped, saved = stop_and_saved(hours=20)
    toggle = json.dumps({**json.loads(saved), "SaveReason": "TogglePlayed"}).encode()

    for payload in (stopped, saved, toggle):
        await house.post(payload, source="jellyfin", at=NOON + timedelta(seconds=2))

    assert [play.watched_at for play in await house.plays()] == [NOON + timedelta(seconds=1)]


async def test_replaying_what_was_stored_by_its_begin_leaves_one_play_at_the_end(
    house: House, database_url: Secret
) -> None:
    stopped, saved = stop_and_saved(hours=1.5)
    await house.post(saved, source="jellyfin", webhook_id="saved")
    async with postgres.connect(database_url, schema="syncer", size=1) as pool:
        await pool.execute("update plays set watched_at = watched_at - interval '3 hours', began_at = null")
    await house.post(stopped, source="jellyfin", at=NOON + timedelta(seconds=2))
    assert len(await house.plays()) == 2

    await house.post(saved, source="jellyfin", webhook_id="saved", attempt=1)

    assert [play.watched_at for play in await house.plays()] == [NOON + timedelta(seconds=1)]


DOUBLE: dict[str, Any] = {
    **json.loads(jellyfin_stop(113)),
    "NotificationType": "PlaybackStop",
    "EpisodeNumberEnd": 15,
}


async def test_a_file_with_two_episodes_is_a_play_of_each(house: House) -> None:
    effect = await house.post(json.dumps(DOUBLE).encode(), source="jellyfin", webhook_id="w")
    before = await house.plays()
    again = await house.post(json.dumps(DOUBLE | SAVED).encode(), source="jellyfin")
    await house.post(json.dumps(DOUBLE).encode(), source="jellyfin", webhook_id="w", attempt=1)

    assert (effect, again) == ("2 plays were stored", "the viewing is known already, from jellyfin")
    assert await house.plays() == before
    assert len({play.id for play in before}) == 2
    assert sorted((play.season, play.episode, play.ids.tvdb) for play in before) == [(2, 14, "8000113"), (2, 15, None)]


async def test_an_unmarked_file_with_two_episodes_is_a_tombstone_of_each(house: House, database_url: Secret) -> None:
    toggle = {"NotificationType": "UserDataSaved", "SaveReason": "TogglePlayed", "Played": False}

    for attempt in (0, 1):
        await house.post(json.dumps(DOUBLE | toggle).encode(), source="jellyfin", webhook_id="w", attempt=attempt)

    async with postgres.connect(database_url, schema="syncer", size=1) as pool:
        keys = await pool.fetchval("select array_agg(keys[array_upper(keys, 1)] order by keys) from unwatched")
    assert sorted(keys) == ["show-title:simulated show 0:2:14", "show-title:simulated show 0:2:15"]


async def test_two_reports_of_a_file_with_two_episodes_at_once_are_two_plays(house: House) -> None:
    payload = json.dumps(DOUBLE).encode()

    await asyncio.gather(*(house.post(payload, source="jellyfin") for _ in range(4)))

    assert sorted(play.episode or 0 for play in await house.plays()) == [14, 15]


async def test_an_episode_that_another_told_of_alone_is_no_second_play(house: House) -> None:
    second = {**DOUBLE, "EpisodeNumber": 15, "EpisodeNumberEnd": None, "ItemId": "f" * 32, "Provider_tvdb": "8000114"}
    await house.post(json.dumps(second).encode(), source="jellyfin")

    effect = await house.post(json.dumps(DOUBLE).encode(), source="jellyfin")

    assert effect == "a play was stored"
    ids = sorted((play.episode or 0, play.ids.tvdb) for play in await house.plays())
    assert ids == [(14, "8000113"), (15, "8000114")]
