"""The linker over the bus: plays in, claims out, questions answered."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from services.linker.people.handlers import Handlers
from shared.bus.connection import Bus
from shared.bus.questions import ask
from shared.errors import ConflictError, InvalidError, NotFoundError
from shared.runtime import Service
from shared.schemas.events import AccountClaimed, PersonMerged, PlayRecorded
from shared.schemas.identifiers import random_id
from shared.schemas.media import Account, Title
from shared.schemas.people import (
    ClaimAccount,
    FindPerson,
    ListNamesakes,
    ListPeople,
    ListUnclaimed,
    MergePeople,
    Person,
)
from shared.schemas.secret import Secret
from tests.integration.service import at_work, parts_of, until

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
OWNER = Account("plex", "server-a", "1", "anna", is_owner=True)
OWNER_BY_PLEX_ID = Account("plex", "server-a", "4711", "anna", is_owner=True)
FRIEND = Account("plex", "server-a", "26608833", "carl")
FRIEND_ELSEWHERE = Account("plex", "server-b", "26608833", "carl")
MOVIE = Title(type="movie", title="The Matrix", year=1999)


class Facts:
    """Records the linker's events."""

    def __init__(self) -> None:
        self.claimed: list[AccountClaimed] = []
        self.merged: list[PersonMerged] = []

    async def listen(self, bus: Bus) -> None:
        async def claimed(message: object) -> None:
            self.claimed.append(msgspec.json.decode(message.data, type=AccountClaimed))  # type: ignore[attr-defined]

        async def merged(message: object) -> None:
            self.merged.append(msgspec.json.decode(message.data, type=PersonMerged))  # type: ignore[attr-defined]

        await bus.client.subscribe("events.account.claimed", cb=claimed)
        await bus.client.subscribe("events.person.merged", cb=merged)


@pytest.fixture
async def facts(bus: Bus, database_url: Secret) -> AsyncIterator[Facts]:
    """A running linker, and its events."""
    heard = Facts()
    await heard.listen(bus)
    async with parts_of("linker", bus=bus, database_url=database_url) as parts:
        service = Service(parts)
        Handlers(worker=parts.worker, pool=parts.pool, now=lambda: NOON, new_id=random_id).add_to(service)
        async with at_work(service):
            yield heard


async def see(bus: Bus, account: Account, *, times: int = 1) -> None:
    """Report plays on an account."""
    for _ in range(times):
        play = PlayRecorded(
            id=random_id(), occurred_at=NOON, play_id=random_id(), account=account, title=MOVIE, watched_at=NOON
        )
        await bus.publish("events.play.recorded", msgspec.json.encode(play), message_id=play.id)


async def plays_on(bus: Bus, account: Account) -> int | None:
    page = await ask(bus, ListUnclaimed(limit=200))
    found = [item.plays for item in page.items if (item.server, item.account_id) == (account.server, account.id)]
    return found[0] if found else None


async def seen(bus: Bus, account: Account, plays: int = 1) -> None:
    """Report plays on an unclaimed account, and wait until the linker has stored it."""

    async def is_seen() -> bool:
        return await plays_on(bus, account) == plays

    await see(bus, account, times=plays)
    await until(is_seen)


async def claim(bus: Bus, account: Account, person_id: str | None = None, name: str | None = None) -> Person:
    question = ClaimAccount(
        source=account.source, server=account.server, account_id=account.id, person_id=person_id, name=name
    )
    return await ask(bus, question)


async def test_an_account_that_nobody_claimed_is_listed_with_its_plays(bus: Bus, facts: Facts) -> None:
    await seen(bus, FRIEND, plays=3)

    page = await ask(bus, ListUnclaimed())

    assert [(item.account_name, item.plays, item.last_seen_at) for item in page.items] == [("carl", 3, NOON)]
    assert facts.claimed == []


async def test_accounts_of_nobody_are_found_by_name_and_by_id(bus: Bus, facts: Facts) -> None:
    await seen(bus, FRIEND)
    await seen(bus, OWNER)

    by_name = await ask(bus, ListUnclaimed(search="CAR"))
    by_id = await ask(bus, ListUnclaimed(account_id="1"))

    assert [(item.account_name, by_name.total) for item in by_name.items] == [("carl", 1)]
    assert [(item.account_id, by_id.total) for item in by_id.items] == [("1", 1)]


async def test_namesakes_of_accounts_are_found_by_their_name_and_usernames(bus: Bus, facts: Facts) -> None:
    nameless = Account("jellyfin", "server-c", "8", " - ")
    for account in (FRIEND, OWNER, nameless):
        await seen(bus, account)
    lovelace = await claim(bus, OWNER, name="Ada Lovelace")
    await claim(bus, nameless, name="._")
    for account in (
        Account("jellyfin", "server-c", "1", "ada.lovelace"),
        Account("jellyfin", "server-c", "2", "ANNA"),
        Account("jellyfin", "server-c", "3", "ann"),
        Account("jellyfin", "server-c", "4", "--"),
    ):
        await seen(bus, account)

    everybody = await ask(bus, ListNamesakes())
    found = [await ask(bus, ListNamesakes(account_id=account_id)) for account_id in ("1", "2", "3", "4")]

    assert [person.id for person in everybody.items] == [lovelace.id]
    assert [[person.id for person in page.items] for page in found] == [[lovelace.id], [lovelace.id], [], []]


async def test_claiming_makes_a_person_and_says_so(bus: Bus, facts: Facts) -> None:
    await seen(bus, FRIEND)

    person = await claim(bus, FRIEND)

    assert (person.name, [(one.id, one.proven) for one in person.identities]) == ("carl", [("26608833", False)])
    assert await plays_on(bus, FRIEND) is None
    await until(lambda: [fact.person_id for fact in facts.claimed] == [person.id])


async def test_an_account_nobody_saw_cannot_be_claimed(bus: Bus, facts: Facts) -> None:
    with pytest.raises(NotFoundError, match="no play was seen"):
        await claim(bus, FRIEND)

    assert facts.claimed == []


async def test_claiming_twice_is_once(bus: Bus, facts: Facts) -> None:
    await seen(bus, FRIEND)

    first, second = await claim(bus, FRIEND), await claim(bus, FRIEND)

    assert first == second


async def test_a_name_for_an_account_that_is_somebodys_is_refused_with_who_he_is(bus: Bus, facts: Facts) -> None:
    await seen(bus, FRIEND)
    carl = await claim(bus, FRIEND, name="Carl")

    for person_id in (None, carl.id):
        with pytest.raises(ConflictError, match=rf"'Carl' \({carl.id}\)"):
            await claim(bus, FRIEND, person_id, name="Karl")

        assert await claim(bus, FRIEND, person_id, name="Carl") == carl
        assert await claim(bus, FRIEND, person_id) == carl


async def test_a_name_for_somebody_who_has_another_is_refused_and_nothing_claimed(bus: Bus, facts: Facts) -> None:
    await seen(bus, FRIEND)
    await seen(bus, OWNER)
    anna = await claim(bus, OWNER, name="Anna")

    with pytest.raises(ConflictError, match="'Anna'"):
        await claim(bus, FRIEND, anna.id, name="Carl")

    assert await plays_on(bus, FRIEND) == 1


async def test_two_who_claim_at_once_do_not_both_get_it(bus: Bus, facts: Facts) -> None:
    await seen(bus, FRIEND)
    await seen(bus, OWNER)
    anna = await claim(bus, OWNER, name="Anna")

    results = await asyncio.gather(claim(bus, FRIEND, anna.id), claim(bus, FRIEND, name="Carl"), return_exceptions=True)

    people = {result.id for result in results if isinstance(result, Person)}
    assert len(people) == 1


async def test_a_claimed_account_is_refused_to_somebody_else(bus: Bus, facts: Facts) -> None:
    await seen(bus, FRIEND)
    await seen(bus, OWNER)
    await claim(bus, FRIEND)
    anna = await claim(bus, OWNER)

    with pytest.raises(ConflictError, match="another person"):
        await claim(bus, FRIEND, anna.id)


async def test_a_claimed_plex_account_is_known_on_every_server(bus: Bus, facts: Facts) -> None:
    await seen(bus, FRIEND)
    person = await claim(bus, FRIEND)

    await see(bus, FRIEND_ELSEWHERE)

    await until(lambda: {fact.account.server for fact in facts.claimed} == {"server-a", "server-b"})
    assert {fact.person_id for fact in facts.claimed} == {person.id}


async def test_the_owner_is_one_person_under_both_of_their_ids(bus: Bus, facts: Facts) -> None:
    await seen(bus, OWNER)
    anna = await claim(bus, OWNER)

    await see(bus, OWNER_BY_PLEX_ID)

    await until(lambda: {fact.account.id for fact in facts.claimed} == {"1", "4711"})
    assert {fact.person_id for fact in facts.claimed} == {anna.id}


async def test_a_guest_on_the_owners_server_is_never_the_owner(bus: Bus, facts: Facts) -> None:
    await seen(bus, OWNER)
    await claim(bus, OWNER)

    await seen(bus, Account("plex", "server-a", "1/Guest", "Guest"))
    await seen(bus, FRIEND)

    assert [fact.account.id for fact in facts.claimed] == ["1"]


async def test_merged_persons_are_one_and_both_ids_find_it(bus: Bus, facts: Facts) -> None:
    await seen(bus, FRIEND)
    await seen(bus, OWNER)
    carl, anna = await claim(bus, FRIEND), await claim(bus, OWNER)

    merged = await ask(bus, MergePeople(person_id=anna.id, merged_id=carl.id))
    again = await ask(bus, MergePeople(person_id=anna.id, merged_id=carl.id))

    assert {one.id for one in merged.identities} == {"1", "26608833"}
    assert again == merged
    assert await ask(bus, FindPerson(person_id=carl.id)) == merged
    page = await ask(bus, ListPeople())
    assert [person.id for person in page.items] == [anna.id]
    await until(lambda: [(fact.person_id, fact.merged_id) for fact in facts.merged] == [(anna.id, carl.id)])


async def test_merging_both_ways_at_once_leaves_one(bus: Bus, facts: Facts) -> None:
    await seen(bus, FRIEND)
    await seen(bus, OWNER)
    carl, anna = await claim(bus, FRIEND), await claim(bus, OWNER)

    one, other = await asyncio.gather(
        ask(bus, MergePeople(person_id=anna.id, merged_id=carl.id), within=timedelta(seconds=5)),
        ask(bus, MergePeople(person_id=carl.id, merged_id=anna.id), within=timedelta(seconds=5)),
    )

    assert one.id == other.id


async def test_nobody_is_merged_with_themselves_or_with_nobody(bus: Bus, facts: Facts) -> None:
    await seen(bus, FRIEND)
    carl = await claim(bus, FRIEND)

    with pytest.raises(InvalidError, match="themselves") as refused:
        await ask(bus, MergePeople(person_id=carl.id, merged_id=carl.id))
    assert [fault.path for fault in refused.value.faults] == ["merged_id"]
    with pytest.raises(NotFoundError, match="there is no person 'x'"):
        await ask(bus, MergePeople(person_id=carl.id, merged_id="x"))


async def test_a_search_finds_names_and_usernames(bus: Bus, facts: Facts) -> None:
    await seen(bus, FRIEND)
    await seen(bus, OWNER)
    await claim(bus, FRIEND, name="Karl 100%")
    await claim(bus, OWNER)

    pages = [await ask(bus, ListPeople(search=text)) for text in ("CARL", "0%", "%", "nobody")]

    assert [page.total for page in pages] == [1, 1, 1, 0]
