"""The syncer over the bus: webhooks in, plays and outcomes out, questions answered."""

import asyncio
import json
from datetime import timedelta

from shared.bus.connection import Bus
from shared.bus.questions import ask
from shared.schemas.events import PersonMerged
from shared.schemas.history import CountPlays, ListPlays
from shared.schemas.identifiers import random_id
from shared.schemas.media import Account
from simulators.senders import jellyfin_stop, plex_scrobble
from tests.integration.syncer.history.house import NOON, House

OWNER = Account("plex", "sim-server", "1", "user1", is_owner=True)
GUEST = Account("plex", "sim-server", "2", "user2")


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

    await house.until_whose(["Carl", None])


async def test_a_play_of_a_claimed_account_is_its_persons_at_once(house: House) -> None:
    await house.post(plex_scrobble(1, account=2))
    await house.claim(GUEST, "p2", "Carl")
    await house.until_whose(["Carl"])

    await house.post(plex_scrobble(2, account=2), at=NOON + timedelta(hours=1))

    assert await house.whose() == ["Carl", "Carl"]


async def test_a_guests_play_is_never_the_owners(house: House) -> None:
    await house.post(plex_scrobble(1, account=1))
    await house.claim(OWNER, "p1", "Anna")
    await house.until_whose(["Anna"])

    await house.post(plex_scrobble(2, account=2), at=NOON + timedelta(hours=1))

    assert await house.whose() == [None, "Anna"]


async def test_a_claim_that_comes_after_the_merge_goes_to_who_is_left(house: House) -> None:
    await house.post(plex_scrobble(1, account=2))
    await house.publish(
        PersonMerged(id=random_id(), occurred_at=NOON, person_id="p1", person_name="Anna", merged_id="p2")
    )
    await house.claim(GUEST, "p2", "Carl")

    await house.until_whose(["Anna"])


async def test_merged_persons_have_their_plays_together(house: House) -> None:
    await house.post(plex_scrobble(1, account=2))
    await house.claim(GUEST, "p2", "Carl")
    await house.until_whose(["Carl"])

    await house.publish(
        PersonMerged(id=random_id(), occurred_at=NOON, person_id="p1", person_name="Anna", merged_id="p2")
    )

    await house.until_whose(["Anna"])


async def test_the_id_of_a_merged_person_finds_the_plays_of_who_is_left(house: House, bus: Bus) -> None:
    await house.post(plex_scrobble(1, account=1))
    await house.claim(OWNER, "p1", "Anna")
    await house.post(plex_scrobble(2, account=2))
    await house.claim(GUEST, "p2", "Carl")
    await house.until_whose(["Anna", "Carl"])

    for person_id, merged_id in (("p1", "p2"), ("p0", "p1")):
        await house.publish(
            PersonMerged(
                id=random_id(), occurred_at=NOON, person_id=person_id, person_name="Anna B.", merged_id=merged_id
            )
        )
    await house.until_whose(["Anna B.", "Anna B."])

    for asked in ("p0", "p1", "p2", "anna b."):
        assert len(await house.plays(person=asked)) == 2, asked
        assert (await ask(bus, CountPlays(person=asked))).total == 2, asked
    assert await house.plays(person="p3") == []


async def test_a_claim_and_a_merge_at_once_leave_no_play_behind(house: House) -> None:
    for number in range(8):
        account = Account("plex", "sim-server", str(10 + number), f"user{10 + number}")
        await house.post(plex_scrobble(number, account=10 + number))
        merged = PersonMerged(
            id=random_id(), occurred_at=NOON, person_id="p1", person_name="Anna", merged_id=f"q{number}"
        )

        await asyncio.gather(house.claim(account, f"q{number}", "Carl"), house.publish(merged))

    await house.until_whose(["Anna"] * 8)


async def test_merges_that_come_in_the_wrong_order_end_with_who_is_left(house: House) -> None:
    await house.post(plex_scrobble(1, account=2))
    await house.claim(GUEST, "c", "Carl")
    await house.until_whose(["Carl"])
    later = PersonMerged(id=random_id(), occurred_at=NOON, person_id="a", person_name="Anna", merged_id="b")
    earlier = PersonMerged(id=random_id(), occurred_at=NOON, person_id="b", person_name="Bert", merged_id="c")

    await house.publish(later)
    await asyncio.sleep(0.2)
    await house.publish(earlier)

    await house.until_whose(["Anna"])


async def test_two_accounts_of_one_person_at_once_are_one_viewing(house: House) -> None:
    for account in (1, 2):
        await house.post(plex_scrobble(99, account=account), at=NOON - timedelta(days=9 + account))
        await house.claim(OWNER if account == 1 else GUEST, "p", "Anna")
    await house.until_whose(["Anna", "Anna"])

    await asyncio.gather(
        *(house.post(plex_scrobble(number, account=account)) for number in range(10) for account in (1, 2))
    )

    assert len(await house.plays(since=NOON)) == 10


JELLYFIN_ACCOUNT = Account("jellyfin", "sim-jellyfin", "sim-user", "sim-user")


def jellyfin_movie(number: int) -> bytes:
    """The movie of `plex_scrobble(number)`, as a Jellyfin server reports it."""
    movie = {"ItemType": "Movie", "Name": f"Simulated movie {number}", "Provider_imdb": f"tt{7_000_000 + number}"}
    return json.dumps({**json.loads(jellyfin_stop(number)), **movie, "Year": 1950 + number % 75}).encode()


async def seen_by_two_accounts(house: House) -> None:
    """Let each of two accounts report the same evening, and a movie that only it saw."""
    await house.post(plex_scrobble(1, account=2))
    await house.post(plex_scrobble(2, account=2), at=NOON + timedelta(hours=3))
    await house.post(jellyfin_movie(1), source="jellyfin", at=NOON + timedelta(minutes=40))
    await house.post(jellyfin_movie(3), source="jellyfin", at=NOON + timedelta(hours=6))


async def test_reports_that_came_before_the_claim_are_one_viewing_after_it(house: House) -> None:
    await seen_by_two_accounts(house)
    assert len(await house.plays()) == 4

    await house.claim(GUEST, "p", "Anna")
    await house.claim(JELLYFIN_ACCOUNT, "p", "Anna")

    await house.until_whose(["Anna"] * 3)
    assert [play.source for play in await house.plays(search="movie 1")] == ["plex"]


async def test_reports_that_came_before_the_merge_are_one_viewing_after_it(house: House) -> None:
    await seen_by_two_accounts(house)
    await house.claim(GUEST, "p", "Anna")
    await house.claim(JELLYFIN_ACCOUNT, "q", "Anna B.")
    await house.until_whose(["Anna"] * 2 + ["Anna B."] * 2)

    await house.publish(
        PersonMerged(id=random_id(), occurred_at=NOON, person_id="p", person_name="Anna", merged_id="q")
    )

    await house.until_whose(["Anna"] * 3)


async def test_a_report_that_was_folded_and_is_replayed_is_no_second_play(house: House) -> None:
    await house.post(plex_scrobble(1, account=2))
    await house.post(jellyfin_movie(1), source="jellyfin", webhook_id="folded")
    for account in (GUEST, JELLYFIN_ACCOUNT):
        await house.claim(account, "p", "Anna")
    await house.until_whose(["Anna"])

    effect = await house.post(jellyfin_movie(1), source="jellyfin", webhook_id="folded", attempt=1)

    assert effect == "the viewing is known already, from plex"
    assert len(await house.plays()) == 1


async def test_the_same_title_of_two_persons_stays_two_plays(house: House) -> None:
    await seen_by_two_accounts(house)

    await house.claim(GUEST, "p", "Anna")
    await house.claim(JELLYFIN_ACCOUNT, "q", "Bert")

    await house.until_whose(["Anna"] * 2 + ["Bert"] * 2)


async def test_filters_find_what_they_say(house: House) -> None:
    await house.post(plex_scrobble(1, account=2))
    await house.post(jellyfin_stop(1), source="jellyfin", at=NOON + timedelta(days=1))
    await house.claim(GUEST, "p2", "Carl")
    await house.until_whose(["Carl", None])

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

    page = await ask(bus, ListPlays(offset=50))

    assert (page.items, page.total, page.offset) == ([], 1, 50)


async def test_plays_are_counted_several_ways(house: House, bus: Bus) -> None:
    await house.post(plex_scrobble(1, account=2))
    await house.post(jellyfin_stop(1), source="jellyfin", at=NOON + timedelta(days=1))
    await house.post(jellyfin_stop(2), source="jellyfin", at=NOON + timedelta(days=1, hours=1))

    stats = await ask(bus, CountPlays())

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
