"""From a link to the existing user in Seerr."""

import asyncio

import pytest

from simulators.seerr.users import OWNER_ID, UserType
from tests.integration.linker.seerr.conftest import ForgetfulSeerr, every_dialect
from tests.integration.linker.seerr.people import People

pytestmark = pytest.mark.usefixtures("linker")


@every_dialect
async def test_a_linked_person_is_found_by_plex_id(people: People, seerr: ForgetfulSeerr) -> None:
    seerr.users.add(email="ben@example.org", username="ben")
    hers = seerr.users.add(email="other@example.org", plex_id=42, plex_username="a", user_type=UserType.PLEX)

    anna = await people.link_plex("anna", 42, email="anna@example.org")

    assert await people.matched(anna) == hers.id
    person = await people.find(anna)
    assert [(one.id, one.username, one.proven) for one in person.identities if one.provider == "seerr"] == [
        (str(hers.id), "a", True)
    ]
    assert len(seerr.users.by_id) == 3


@every_dialect
async def test_a_linked_person_is_found_by_address_and_by_name(people: People, seerr: ForgetfulSeerr) -> None:
    hers = seerr.users.add(email="ANNA@example.org", username="somebody")
    bens = seerr.users.add(email="ben@elsewhere.org", username="Ben")

    anna = await people.link_plex("anna", 42, email="Anna@Example.org")
    ben = await people.link_plex("ben", 43)

    assert (await people.matched(anna), await people.matched(ben)) == (hers.id, bens.id)
    identities = (await people.find(ben)).identities
    assert [one.proven for one in identities if one.provider == "seerr"] == [False]


async def test_the_match_is_said_once_with_the_users_number(people: People, seerr: ForgetfulSeerr) -> None:
    hers = seerr.users.add(email="anna@example.org", username="anna")

    anna = await people.link_plex("anna", 42, email="anna@example.org", discord_id="80351110224678912")
    await people.matched(anna)
    await people.say_linked(anna)
    await people.jobs_done()

    assert [(each.person_id, each.account_id, each.username, each.discord_id) for each in people.linked] == [
        (anna, str(hers.id), "anna", "80351110224678912")
    ]


async def test_the_same_fact_twice_is_once(people: People, seerr: ForgetfulSeerr) -> None:
    anna = await people.add("anna")
    await people.own(anna, "plex", "42", username="anna", email="anna@example.org")

    for _ in range(3):
        await people.say_linked(anna, fact_id="one-fact")
    await people.matched(anna)
    await people.jobs_done()

    assert seerr.asked("POST /api/v1/user") == 1
    assert len(people.linked) == 1


async def test_an_account_that_nobody_signed_in_to_is_no_evidence(people: People, seerr: ForgetfulSeerr) -> None:
    seerr.users.add(email="anna@example.org", plex_id=42)
    anna = await people.add("anna")
    await people.own(anna, "plex", "42", username="anna", email="anna@example.org", proven=False)

    await people.say_linked(anna)
    await people.jobs_done()

    assert (await people.find(anna)).seerr_user_id is None


async def test_the_owner_is_found_by_their_account_and_not_by_name(people: People, seerr: ForgetfulSeerr) -> None:
    seerr.owner.plex_id, seerr.owner.plex_username = 7, "martha"

    impostor = await people.link_plex("martha", 8, email="owner@example.com")
    namesake = await people.link_plex("Martha", 9)
    owner = await people.link_plex("martha!", 7)

    assert await people.matched(owner) == OWNER_ID
    assert "rights over others" in await people.reason(impostor)
    assert (await people.find(impostor)).seerr_user_id is None
    assert await people.matched(namesake) != OWNER_ID


async def test_two_users_of_one_name_are_left_alone_and_the_reason_is_shown(
    people: People, seerr: ForgetfulSeerr
) -> None:
    seerr.users.add(email="a@example.org", username="anna")
    seerr.users.add(email="b@example.org", plex_username="Anna", plex_id=None)

    anna = await people.link_plex("anna", 42)

    assert "several users of this person's name: 2, 3" in await people.reason(anna)
    assert len(seerr.users.by_id) == 3
    assert await people.dead() == []


async def test_a_name_is_not_enough_for_who_has_another_address(people: People, seerr: ForgetfulSeerr) -> None:
    another = seerr.users.add(email="somebody@else.org", username="anna")

    anna = await people.link_plex("anna", 42, email="anna@example.org")

    made = seerr.users.by_id[await people.matched(anna)]
    assert (made.id == another.id, made.username, made.email) == (False, "anna (plex 42)", "anna@example.org")


async def test_a_user_is_given_to_one_of_two_persons(people: People, seerr: ForgetfulSeerr) -> None:
    hers = seerr.users.add(email="anna@example.org", username="anna")

    first, second = await asyncio.gather(
        people.link_plex("anna", 42, email="anna@example.org"), people.link_plex("x", 43, email="anna@example.org")
    )
    await people.jobs_done()

    found = [await people.find(first), await people.find(second)]
    assert sorted((one.seerr_user_id or 0) for one in found) == [0, hers.id]
    assert [one.seerr_reason is not None for one in sorted(found, key=lambda one: one.seerr_user_id or 0)] == [
        True,
        False,
    ]


async def test_a_jellyfin_user_is_found_on_seerrs_own_server_only(people: People, seerr: ForgetfulSeerr) -> None:
    seerr.uses_jellyfin({}, is_emby=False)
    seerr.imports.jellyfin_server_id = "server-1"
    bens = seerr.users.add(
        email="benny", jellyfin_username="benny", jellyfin_user_id="AB-12", user_type=UserType.JELLYFIN
    )
    ben, carl = await people.add("ben"), await people.add("carl")
    await people.own(ben, "jellyfin", "ab12", username="ben", server="server-1")
    await people.own(carl, "jellyfin", "ab12", username="carl", server="server-2")

    await people.say_linked(carl, "jellyfin")
    await people.say_linked(ben, "jellyfin")

    assert await people.matched(ben) == bens.id
    assert await people.matched(carl) not in {bens.id, OWNER_ID}


async def test_a_merged_persons_user_is_the_others_and_is_told_their_discord_id(
    people: People, seerr: ForgetfulSeerr
) -> None:
    hers = seerr.users.add(email="anna@example.org", username="anna")
    at_plex = await people.link_plex("anna", 42, email="anna@example.org")
    await people.matched(at_plex)
    in_discord = await people.add("anna in Discord")
    await people.own(in_discord, "discord", "80351110224678912")

    await people.merge(in_discord, at_plex)

    assert await people.matched(in_discord) == hers.id
    await people.jobs_done()
    assert (hers.settings or {})["discordId"] == "80351110224678912"


async def test_without_seerr_there_is_nothing_to_do(without_seerr: People) -> None:
    anna = await without_seerr.link_plex("anna")

    await without_seerr.jobs_done()

    person = await without_seerr.find(anna)
    assert (person.seerr_user_id, person.seerr_reason) == (None, None)
    assert await without_seerr.dead() == []


async def test_a_seerr_that_is_switched_off_is_not_asked(
    without_seerr: People, seerr: ForgetfulSeerr, seerr_url: str
) -> None:
    await without_seerr.configure(seerr_url, enabled=False)

    await without_seerr.link_plex("anna")
    await without_seerr.jobs_done()

    assert len(seerr.seen) == 0


@pytest.mark.parametrize("count", [99, 100, 101, 250])
async def test_all_pages_are_read_and_no_user_by_himself(people: People, seerr: ForgetfulSeerr, count: int) -> None:
    for number in range(count - 2):
        seerr.users.add(email=f"user{number}@example.org")
    last = seerr.users.add(email="anna@example.org")

    anna = await people.link_plex("anna", 42, email="anna@example.org")

    assert await people.matched(anna) == last.id
    assert seerr.asked("GET /api/v1/user") <= 3
