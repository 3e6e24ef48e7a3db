"""The syncer through its own door, the bus: webhooks in, plays and outcomes out, questions answered."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from services.syncer.handlers import Handlers
from services.syncer.sources import parsing
from shared.bus import streams
from shared.bus.connection import Bus
from shared.bus.questions import ask
from shared.postgres import pool as postgres
from shared.runtime import Service
from shared.schemas import webhooks
from shared.schemas.events import AccountClaimed, PersonMerged, WebhookHandled, WebhookIgnored, subject
from shared.schemas.history import CountPlays, ListPlays, Play, PlayPage, PlayStats
from shared.schemas.identifiers import random_id
from shared.schemas.media import Account
from shared.schemas.secret import Secret
from shared.schemas.webhooks import Source, Webhook
from simulators.senders import jellyfin_stop, plex_scrobble
from tests.integration.service import at_work, parts_of, until

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
OWNER = Account("plex", "sim-server", "1", "user1", is_owner=True)
GUEST = Account("plex", "sim-server", "2", "user2")


class House:
    """The syncer at work: what it is told, and what it says."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self.outcomes: dict[str, str] = {}

    async def listen(self) -> None:
        async def heard(message: Any) -> None:
            outcome = msgspec.json.decode(message.data, type=WebhookHandled | WebhookIgnored)
            text = outcome.effect if isinstance(outcome, WebhookHandled) else f"ignored: {outcome.reason}"
            self.outcomes[outcome.webhook_id] = text

        await self._bus.client.subscribe("events.webhook.*", cb=heard)

    async def post(
        self,
        payload: bytes,
        *,
        source: Source = "plex",
        at: datetime = NOON,
        webhook_id: str | None = None,
        attempt: int = 0,
    ) -> str:
        """Publish a webhook as the gateway does, and wait until the syncer has said what became of it."""
        webhook = Webhook(
            id=webhook_id or random_id(),
            source=source,
            event="e",
            received_at=at,
            payload=msgspec.Raw(payload),
            attempt=attempt,
        )
        self.outcomes.pop(webhook.id, None)
        await self._bus.publish(
            webhooks.subject(source, "e"), msgspec.json.encode(webhook), message_id=f"{webhook.id}:{attempt}"
        )
        await until(lambda: webhook.id in self.outcomes)
        return self.outcomes[webhook.id]

    async def say(self, fact: AccountClaimed | PersonMerged) -> None:
        await self._bus.publish(subject(fact), msgspec.json.encode(fact), message_id=fact.id)

    async def claim(self, account: Account, person_id: str, name: str) -> None:
        await self.say(
            AccountClaimed(id=random_id(), occurred_at=NOON, account=account, person_id=person_id, person_name=name)
        )

    async def plays(self, **filters: Any) -> list[Play]:
        return (await ask(self._bus, "syncer", ListPlays(**filters), PlayPage)).items

    async def whose(self) -> list[str | None]:
        return [play.person.name if play.person else None for play in await self.plays()]


@pytest.fixture
async def house(bus: Bus, database_url: Secret) -> AsyncIterator[House]:
    house = House(bus)
    await house.listen()
    async with parts_of("syncer", bus=bus, database_url=database_url) as parts:
        handlers = Handlers(worker=parts.worker, pool=parts.pool, parse=parsing.parse_webhook)
        service = Service(parts)
        service.consume(streams.SYNCER_WEBHOOKS, handlers.take_webhook)
        service.consume(streams.SYNCER_PEOPLE, handlers.take_fact, workers=2)
        service.answer({ListPlays: handlers.list_plays, CountPlays: handlers.count_plays})
        async with at_work(service):
            yield house


async def test_a_scrobble_is_a_play_with_its_time_ids_and_account(house: House) -> None:
    effect = await house.post(plex_scrobble(3))

    (play,) = await house.plays()
    assert effect == "a play was stored"
    assert (play.title, play.type, play.watched_at, play.source) == ("Simulated movie 3", "movie", NOON, "plex")
    assert (play.ids.imdb, play.ids.tmdb, play.ids.plex) == ("tt7000003", "500003", f"{3:024x}")
    assert (play.account.server, play.account.id, play.account.name) == ("sim-server", "1", "user1")
    assert play.person is None


async def test_an_episode_of_jellyfin_is_a_play(house: House) -> None:
    await house.post(jellyfin_stop(105), source="jellyfin")

    (play,) = await house.plays()
    assert (play.show, play.season, play.episode, play.ids.tvdb) == ("Simulated show 0", 2, 6, "8000105")


DOUBLE: dict[str, Any] = {
    **json.loads(jellyfin_stop(113)),
    "NotificationType": "PlaybackStop",
    "EpisodeNumberEnd": 15,
}
SAVED = {"NotificationType": "UserDataSaved", "SaveReason": "PlaybackFinished", "Played": True}


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


async def test_a_hint_is_ignored_with_its_reason(house: House) -> None:
    payload = json.loads(plex_scrobble(1))

    outcome = await house.post(json.dumps({**payload, "event": "media.pause"}).encode())

    assert outcome.startswith("ignored: ")
    assert await house.plays() == []


async def test_a_second_report_of_a_viewing_is_no_second_play(house: House) -> None:
    await house.post(plex_scrobble(1))

    effect = await house.post(plex_scrobble(1), at=NOON + timedelta(minutes=2))

    assert effect == "the viewing is known already, from plex"
    assert len(await house.plays()) == 1


async def test_a_rewatch_is_a_second_play(house: House) -> None:
    await house.post(plex_scrobble(1))

    await house.post(plex_scrobble(1), at=NOON + timedelta(days=1))

    assert [play.watched_at.day for play in await house.plays()] == [2, 1]


async def test_twenty_reports_at_once_are_one_play(house: House) -> None:
    await asyncio.gather(*(house.post(plex_scrobble(1)) for _ in range(20)))

    assert len(await house.plays()) == 1


async def test_the_same_webhook_replayed_is_the_same_play(house: House) -> None:
    await house.post(plex_scrobble(1), webhook_id="w")
    before = await house.plays()

    await house.post(plex_scrobble(1), webhook_id="w", attempt=1)

    assert await house.plays() == before


async def test_claiming_an_account_moves_the_plays_that_were_kept(house: House) -> None:
    await house.post(plex_scrobble(1, account=2))
    await house.post(plex_scrobble(2, account=1))

    await house.claim(GUEST, "p2", "Carl")

    await until_whose(house, ["Carl", None])


async def test_a_play_of_a_claimed_account_is_its_persons_at_once(house: House) -> None:
    await house.post(plex_scrobble(1, account=2))
    await house.claim(GUEST, "p2", "Carl")
    await until_whose(house, ["Carl"])

    await house.post(plex_scrobble(2, account=2), at=NOON + timedelta(hours=1))

    assert await house.whose() == ["Carl", "Carl"]


async def test_a_guests_play_is_never_the_owners(house: House) -> None:
    await house.post(plex_scrobble(1, account=1))
    await house.claim(OWNER, "p1", "Anna")
    await until_whose(house, ["Anna"])

    await house.post(plex_scrobble(2, account=2), at=NOON + timedelta(hours=1))

    assert await house.whose() == [None, "Anna"]


async def test_a_claim_that_comes_after_the_merge_goes_to_who_is_left(house: House) -> None:
    await house.post(plex_scrobble(1, account=2))
    await house.say(PersonMerged(id=random_id(), occurred_at=NOON, person_id="p1", person_name="Anna", merged_id="p2"))
    await house.claim(GUEST, "p2", "Carl")

    await until_whose(house, ["Anna"])


async def test_merged_persons_have_their_plays_together(house: House) -> None:
    await house.post(plex_scrobble(1, account=2))
    await house.claim(GUEST, "p2", "Carl")
    await until_whose(house, ["Carl"])

    await house.say(PersonMerged(id=random_id(), occurred_at=NOON, person_id="p1", person_name="Anna", merged_id="p2"))

    await until_whose(house, ["Anna"])


async def test_the_id_of_a_merged_person_finds_the_plays_of_who_is_left(house: House, bus: Bus) -> None:
    await house.post(plex_scrobble(1, account=1))
    await house.claim(OWNER, "p1", "Anna")
    await house.post(plex_scrobble(2, account=2))
    await house.claim(GUEST, "p2", "Carl")
    await until_whose(house, ["Anna", "Carl"])

    for person_id, merged_id in (("p1", "p2"), ("p0", "p1")):
        await house.say(
            PersonMerged(
                id=random_id(), occurred_at=NOON, person_id=person_id, person_name="Anna B.", merged_id=merged_id
            )
        )
    await until_whose(house, ["Anna B.", "Anna B."])

    for asked in ("p0", "p1", "p2", "anna b."):
        assert len(await house.plays(person=asked)) == 2, asked
        assert (await ask(bus, "syncer", CountPlays(person=asked), PlayStats)).total == 2, asked
    assert await house.plays(person="p3") == []


async def test_a_claim_and_a_merge_at_once_leave_no_play_behind(house: House) -> None:
    for number in range(8):
        account = Account("plex", "sim-server", str(10 + number), f"user{10 + number}")
        await house.post(plex_scrobble(number, account=10 + number))
        merged = PersonMerged(
            id=random_id(), occurred_at=NOON, person_id="p1", person_name="Anna", merged_id=f"q{number}"
        )

        await asyncio.gather(house.claim(account, f"q{number}", "Carl"), house.say(merged))

    await until_whose(house, ["Anna"] * 8)


async def test_merges_that_come_in_the_wrong_order_end_with_who_is_left(house: House) -> None:
    await house.post(plex_scrobble(1, account=2))
    await house.claim(GUEST, "c", "Carl")
    await until_whose(house, ["Carl"])
    later = PersonMerged(id=random_id(), occurred_at=NOON, person_id="a", person_name="Anna", merged_id="b")
    earlier = PersonMerged(id=random_id(), occurred_at=NOON, person_id="b", person_name="Bert", merged_id="c")

    await house.say(later)
    await asyncio.sleep(0.2)
    await house.say(earlier)

    await until_whose(house, ["Anna"])


async def test_two_accounts_of_one_person_at_once_are_one_viewing(house: House) -> None:
    for account in (1, 2):
        await house.post(plex_scrobble(99, account=account), at=NOON - timedelta(days=9 + account))
        await house.claim(OWNER if account == 1 else GUEST, "p", "Anna")
    await until_whose(house, ["Anna", "Anna"])

    await asyncio.gather(
        *(house.post(plex_scrobble(number, account=account)) for number in range(10) for account in (1, 2))
    )

    assert len(await house.plays(since=NOON)) == 10


JELLYFIN_ACCOUNT = Account("jellyfin", "sim-jellyfin", "sim-user", "sim-user")


def jellyfin_movie(number: int) -> bytes:
    """The movie of `plex_scrobble(number)`, as a Jellyfin server tells of it."""
    movie = {"ItemType": "Movie", "Name": f"Simulated movie {number}", "Provider_imdb": f"tt{7_000_000 + number}"}
    return json.dumps({**json.loads(jellyfin_stop(number)), **movie, "Year": 1950 + number % 75}).encode()


async def seen_by_two_accounts(house: House) -> None:
    """Let each of two accounts tell of the same evening, and of a movie that only it saw."""
    await house.post(plex_scrobble(1, account=2))
    await house.post(plex_scrobble(2, account=2), at=NOON + timedelta(hours=3))
    await house.post(jellyfin_movie(1), source="jellyfin", at=NOON + timedelta(minutes=40))
    await house.post(jellyfin_movie(3), source="jellyfin", at=NOON + timedelta(hours=6))


async def test_reports_that_came_before_the_claim_are_one_viewing_after_it(house: House) -> None:
    await seen_by_two_accounts(house)
    assert len(await house.plays()) == 4

    await house.claim(GUEST, "p", "Anna")
    await house.claim(JELLYFIN_ACCOUNT, "p", "Anna")

    await until_whose(house, ["Anna"] * 3)
    assert [play.source for play in await house.plays(search="movie 1")] == ["plex"]


async def test_reports_that_came_before_the_merge_are_one_viewing_after_it(house: House) -> None:
    await seen_by_two_accounts(house)
    await house.claim(GUEST, "p", "Anna")
    await house.claim(JELLYFIN_ACCOUNT, "q", "Anna B.")
    await until_whose(house, ["Anna"] * 2 + ["Anna B."] * 2)

    await house.say(PersonMerged(id=random_id(), occurred_at=NOON, person_id="p", person_name="Anna", merged_id="q"))

    await until_whose(house, ["Anna"] * 3)


async def test_a_report_that_was_folded_and_is_replayed_is_no_second_play(house: House) -> None:
    await house.post(plex_scrobble(1, account=2))
    await house.post(jellyfin_movie(1), source="jellyfin", webhook_id="folded")
    for account in (GUEST, JELLYFIN_ACCOUNT):
        await house.claim(account, "p", "Anna")
    await until_whose(house, ["Anna"])

    effect = await house.post(jellyfin_movie(1), source="jellyfin", webhook_id="folded", attempt=1)

    assert effect == "the viewing is known already, from plex"
    assert len(await house.plays()) == 1


async def test_the_same_title_of_two_persons_stays_two_plays(house: House) -> None:
    await seen_by_two_accounts(house)

    await house.claim(GUEST, "p", "Anna")
    await house.claim(JELLYFIN_ACCOUNT, "q", "Bert")

    await until_whose(house, ["Anna"] * 2 + ["Bert"] * 2)


async def until_whose(house: House, wanted: Sequence[str | None]) -> None:
    async def is_so() -> bool:
        return sorted(map(str, await house.whose())) == sorted(map(str, wanted))

    await until(is_so)


async def test_filters_find_what_they_say(house: House) -> None:
    await house.post(plex_scrobble(1, account=2))
    await house.post(jellyfin_stop(1), source="jellyfin", at=NOON + timedelta(days=1))
    await house.claim(GUEST, "p2", "Carl")
    await until_whose(house, ["Carl", None])

    found = [
        len(await house.plays(**filters))
        for filters in (
            {"type": "movie"},
            {"person": "p2"},
            {"person": "carl"},
            {"search": "MOVIE 1"},
            {"search": "%"},
            {"since": NOON + timedelta(hours=1)},
            {"until": NOON},
            {"until": NOON + timedelta(seconds=1)},
            {"limit": 1, "offset": 1},
        )
    ]

    assert found == [1, 1, 1, 1, 0, 1, 0, 1, 1]


async def test_a_page_beyond_the_end_still_knows_the_total(house: House, bus: Bus) -> None:
    await house.post(plex_scrobble(1))

    page = await ask(bus, "syncer", ListPlays(offset=50), PlayPage)

    assert (page.items, page.total, page.offset) == ([], 1, 50)


async def test_plays_are_counted_several_ways(house: House, bus: Bus) -> None:
    await house.post(plex_scrobble(1, account=2))
    await house.post(jellyfin_stop(1), source="jellyfin", at=NOON + timedelta(days=1))
    await house.post(jellyfin_stop(2), source="jellyfin", at=NOON + timedelta(days=1, hours=1))

    stats = await ask(bus, "syncer", CountPlays(), PlayStats)

    assert (stats.total, stats.movies, stats.episodes, stats.unclaimed) == (3, 1, 2, 3)
    assert stats.watched_s == 6000 + 2 * 1421
    assert [(bar.name, bar.plays) for bar in stats.by_day] == [("2026-05-01", 1), ("2026-05-02", 2)]
    assert [(bar.name, bar.plays) for bar in stats.top_shows] == [("Simulated show 0", 2)]
    assert [(bar.name, bar.plays) for bar in stats.by_source] == [("jellyfin", 2), ("plex", 1)]


async def test_titles_that_are_hostile_are_kept_as_they_are(house: House) -> None:
    title = "<script>alert(1)</script>'); drop table plays; -- \u202e"
    payload = json.loads(plex_scrobble(1))
    payload["Metadata"]["title"] = title

    await house.post(json.dumps(payload).encode())

    assert [play.title for play in await house.plays()] == [title]
