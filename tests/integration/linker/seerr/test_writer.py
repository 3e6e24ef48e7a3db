"""What Usher writes into Seerr: the Discord id in its dialect, and the Plex token if that is switched on."""

from typing import Any

import pytest

from shared.owners import account_token
from simulators.plex_tv.accounts import PlexAccount
from simulators.plex_tv.app import PlexTv
from simulators.seerr.dialect import Dialect
from simulators.seerr.users import User
from tests.integration.linker.seerr.conftest import ForgetfulSeerr, every_dialect
from tests.integration.linker.seerr.people import People
from tests.integration.service import until

pytestmark = pytest.mark.usefixtures("linker")
HERS = "80351110224678912"
ANOTHERS = "80351110224678913"
JSON_WEB_TOKEN = "eyJhbGciOiJFZERTQSJ9.eyJpc3MiOiJ4In0.c2lnbmF0dXJl"


def discord_ids(user: User) -> list[str]:
    settings = user.settings or {}
    return list(settings.get("discordIds") or filter(None, [settings.get("discordId")]))


async def told(user: User, *expected: str) -> None:
    await until(lambda: discord_ids(user) == list(expected))


def setting(seerr: ForgetfulSeerr, *ids: str) -> dict[str, Any]:
    return {"discordIds": list(ids)} if seerr.dialect.has_many_discord_ids else {"discordId": ids[0]}


@every_dialect
async def test_the_discord_id_is_written_in_the_dialect_at_hand(people: People, seerr: ForgetfulSeerr) -> None:
    hers = seerr.users.add(email="anna@example.org")

    await people.link_plex("anna", 42, email="anna@example.org", discord_id=HERS)

    await told(hers, HERS)
    assert seerr.owner.settings is None


@every_dialect
async def test_an_id_that_is_saved_late_is_asked_for_until_it_is_there(people: People, seerr: ForgetfulSeerr) -> None:
    seerr.preferences.saves_late = True
    hers = seerr.users.add(email="anna@example.org")

    await people.link_plex("anna", 42, email="anna@example.org", discord_id=HERS)

    await told(hers, HERS)
    await people.jobs_done()
    assert await people.dead() == []


@every_dialect
async def test_first_settings_that_would_land_on_the_owner_do_not(people: People, seerr: ForgetfulSeerr) -> None:
    seerr.preferences.settings_land_on_caller = True
    hers = seerr.users.add(email="anna@example.org")

    await people.link_plex("anna", 42, email="anna@example.org", discord_id=HERS)

    await told(hers, HERS)
    assert seerr.owner.settings is None


@every_dialect
async def test_another_id_that_was_typed_there_stays_where_several_fit(people: People, seerr: ForgetfulSeerr) -> None:
    hers = seerr.users.add(email="anna@example.org", settings=setting(seerr, ANOTHERS))

    await people.link_plex("anna", 42, email="anna@example.org", discord_id=HERS)

    await told(hers, *([ANOTHERS, HERS] if seerr.dialect.has_many_discord_ids else [HERS]))


@every_dialect
async def test_her_id_is_taken_out_of_a_user_who_is_nobody(people: People, seerr: ForgetfulSeerr) -> None:
    stray = seerr.users.add(email="stray@example.org", settings=setting(seerr, HERS))
    hers = seerr.users.add(email="anna@example.org")
    await people.say_server_changed()
    await people.jobs_done()

    await people.link_plex("anna", 42, email="anna@example.org", discord_id=HERS)

    await told(hers, HERS)
    await told(stray)


async def test_her_id_stays_with_a_user_who_is_another_person(people: People, seerr: ForgetfulSeerr) -> None:
    bens = seerr.users.add(email="ben@example.org", settings={"discordId": HERS})
    hers = seerr.users.add(email="anna@example.org")
    await people.matched(await people.link_plex("ben", 43, email="ben@example.org"))
    await people.say_server_changed()
    await people.jobs_done()

    await people.link_plex("anna", 42, email="anna@example.org", discord_id=HERS)
    await told(hers, HERS)
    await people.jobs_done()

    assert discord_ids(bens) == [HERS]


async def test_a_stray_user_who_is_gone_meanwhile_is_forgotten(people: People, seerr: ForgetfulSeerr) -> None:
    stray = seerr.users.add(email="stray@example.org", settings={"discordId": HERS})
    hers = seerr.users.add(email="anna@example.org")
    await people.say_server_changed()
    await people.jobs_done()
    seerr.users.remove(stray)

    await people.link_plex("anna", 42, email="anna@example.org", discord_id=HERS)

    await told(hers, HERS)
    assert await people.dead() == []


@pytest.mark.parametrize("dialect", [Dialect.SEERR_OF_MANY_DISCORD_IDS], indirect=True)
async def test_a_person_with_two_discord_users_has_both_where_several_fit(
    people: People, seerr: ForgetfulSeerr
) -> None:
    hers = seerr.users.add(email="anna@example.org")
    anna = await people.add("anna")
    await people.own(anna, "discord", HERS)
    await people.own(anna, "discord", ANOTHERS)
    await people.own(anna, "plex", "42", email="anna@example.org")

    await people.say_linked(anna)

    await until(lambda: sorted(discord_ids(hers)) == [HERS, ANOTHERS])


async def test_a_user_who_is_gone_is_searched_anew(people: People, seerr: ForgetfulSeerr) -> None:
    anna = await people.link_plex("anna", 42, email="anna@example.org", discord_id=HERS)
    first = seerr.users.by_id[await people.matched(anna)]
    await people.jobs_done()
    seerr.users.remove(first)

    await people.say_linked(anna)
    await people.jobs_done()

    second = seerr.users.by_id[await people.matched(anna)]
    await told(second, HERS)
    assert [(fact.account_id, fact.reason) for fact in people.unlinked] == [
        (str(first.id), f"Seerr has no user {first.id} any more")
    ]
    assert [fact.account_id for fact in people.linked] == [str(first.id), str(second.id)]


@pytest.fixture
def account(seerr: ForgetfulSeerr, plex_tv: PlexTv) -> PlexAccount:
    """Anna, with whom Seerr's own server is shared."""
    accounts = plex_tv.accounts
    owner, anna = accounts.add("owner"), accounts.add("anna", email="anna@example.org")
    device = accounts.add_server("Attic", owner=owner, uris=[])
    accounts.share(device, anna)
    seerr.uses_plex(accounts, machine_id=device.machine_id, owner_id=owner.id)
    return anna


@every_dialect
async def test_seerr_is_given_the_persons_token_where_that_is_on(
    people: People, seerr: ForgetfulSeerr, seerr_url: str, plex_tv: PlexTv, account: PlexAccount
) -> None:
    await people.configure(seerr_url, gives_token=True)
    token = plex_tv.accounts.sign_in(account)
    await people.give_token(account.id, token)

    anna = await people.link_plex("anna", account.id, email=account.email)

    hers = seerr.users.by_id[await people.matched(anna)]
    await until(lambda: hers.plex_token == token)
    assert len(seerr.users.by_id) == 2
    await people.jobs_done()
    assert (await people.find(anna)).seerr_reason is None
    assert await people.pool.fetchval("select token_given_at is not null from seerr_matches")
    assert await people.dead() == []


async def test_seerr_is_given_no_token_where_that_is_off(
    people: People, seerr: ForgetfulSeerr, plex_tv: PlexTv, account: PlexAccount
) -> None:
    await people.give_token(account.id, plex_tv.accounts.sign_in(account))

    await people.matched(await people.link_plex("anna", account.id, email=account.email))
    await people.jobs_done()

    assert seerr.asked("POST /api/v1/auth/plex") == 0


async def test_a_token_that_ends_is_not_given(
    people: People, seerr: ForgetfulSeerr, seerr_url: str, account: PlexAccount
) -> None:
    await people.configure(seerr_url, gives_token=True)
    await people.give_token(account.id, JSON_WEB_TOKEN)

    anna = await people.link_plex("anna", account.id, email=account.email)

    assert "ends within a week" in await people.reason(anna)
    assert seerr.asked("POST /api/v1/auth/plex") == 0


async def test_a_token_that_seerr_would_file_under_another_user_is_not_given(
    people: People, seerr: ForgetfulSeerr, seerr_url: str, plex_tv: PlexTv, account: PlexAccount
) -> None:
    await people.configure(seerr_url, gives_token=True)
    await people.give_token(account.id, plex_tv.accounts.sign_in(account))
    hers = seerr.users.add(email=account.email or "")
    anna = await people.link_plex("anna", account.id, email=account.email)
    assert await people.matched(anna) == hers.id
    await people.jobs_done()
    hers.email, hers.plex_token = "hers@elsewhere.org", None
    await people.pool.execute("update seerr_matches set token_given_at = null")

    await people.say_server_changed()

    assert "another Plex account or e-mail address" in await people.reason(anna)
    assert (len(seerr.users.by_id), hers.plex_token) == (2, None)


async def test_why_seerr_does_not_take_a_token_is_kept_and_the_match_stays(
    people: People, seerr: ForgetfulSeerr, seerr_url: str, plex_tv: PlexTv
) -> None:
    await people.configure(seerr_url, gives_token=True)
    accounts = plex_tv.accounts
    owner, stranger = accounts.add("owner"), accounts.add("stranger")
    device = accounts.add_server("Attic", owner=owner, uris=[])
    accounts.share(device, accounts.add("friend"))
    seerr.uses_plex(accounts, machine_id=device.machine_id, owner_id=owner.id)
    await people.give_token(stranger.id, accounts.sign_in(stranger))
    dead = accounts.add("dead")
    await people.give_token(dead.id, "a-token-that-died")

    persons = [
        await people.link_plex("stranger", stranger.id, email=stranger.email),
        await people.link_plex("dead", dead.id, email=dead.email),
    ]

    assert [await people.reason(person) for person in persons] == [
        "Seerr refused: Access denied. (403)",
        "Seerr could not find the owner of this account",
    ]
    assert sorted([await people.matched(person) for person in persons]) == [2, 3]
    assert await people.dead() == []


async def test_nobody_elses_token_is_given(
    people: People, seerr: ForgetfulSeerr, seerr_url: str, plex_tv: PlexTv, account: PlexAccount
) -> None:
    await people.configure(seerr_url, gives_token=True)
    other = plex_tv.accounts.add("other")
    await people.give_token(other.id, plex_tv.accounts.sign_in(other))

    await people.matched(await people.link_plex("anna", account.id, email=account.email))
    await people.jobs_done()

    assert seerr.asked("POST /api/v1/auth/plex") == 0
    assert await people.vault.get(account_token("plex", server="", account_id=str(other.id))) is not None


async def test_seerrs_owner_keeps_the_token_that_seerr_works_with(
    people: People, seerr: ForgetfulSeerr, seerr_url: str, plex_tv: PlexTv, account: PlexAccount
) -> None:
    await people.configure(seerr_url, gives_token=True)
    owner = plex_tv.accounts.by_id[seerr.imports.owner_id]
    works_with = seerr.owner.plex_token
    await people.give_token(owner.id, plex_tv.accounts.sign_in(owner))

    person = await people.link_plex("owner", owner.id, email=owner.email)

    assert "its owner's own Plex token" in await people.reason(person)
    assert await people.matched(person) == seerr.owner.id
    assert (seerr.owner.plex_token, seerr.asked("POST /api/v1/auth/plex")) == (works_with, 0)


async def test_an_id_that_usher_wrote_is_taken_out_of_who_is_not_hers_any_more(
    people: People, seerr: ForgetfulSeerr
) -> None:
    seerr.users.add(email="a@x.org", username="anna")
    anna = await people.link_plex("anna", 42, discord_id=HERS)
    first = seerr.users.by_id[await people.matched(anna)]
    await told(first, HERS)
    await people.jobs_done()
    first.plex_id = 4711
    seerr.users.add(email="b@x.org", username="anna")
    seerr.users.add(email="c@x.org", username="Anna")

    await people.say_server_changed()

    assert "several users" in await people.reason(anna)
    await told(first)
    assert [fact.account_id for fact in people.unlinked] == [str(first.id)]


async def test_an_id_that_was_there_before_is_left_to_who_typed_it(people: People, seerr: ForgetfulSeerr) -> None:
    first = seerr.users.add(email="a@x.org", username="anna", settings={"discordId": HERS})
    anna = await people.link_plex("anna", 42, discord_id=HERS)
    assert await people.matched(anna) == first.id
    await people.jobs_done()
    first.plex_id = 4711
    for number in range(2):
        seerr.users.add(email=f"{number}@x.org", username="anna")

    await people.say_server_changed()

    assert "several users" in await people.reason(anna)
    await people.jobs_done()
    assert discord_ids(first) == [HERS]
