"""Users that are made in Seerr for persons who had none: imported where Seerr's own server has them, else its own."""

import asyncio

import pytest

from simulators.plex_tv.accounts import PlexAccount
from simulators.plex_tv.app import PlexTv
from simulators.seerr.users import UserType
from tests.integration.linker.seerr.conftest import ForgetfulSeerr, every_dialect
from tests.integration.linker.seerr.people import People

pytestmark = pytest.mark.usefixtures("linker")
in_two_replicas = pytest.mark.parametrize("linker", [2], indirect=True)


def on_plex(seerr: ForgetfulSeerr, plex_tv: PlexTv) -> PlexAccount:
    """Set Seerr up with a Plex server that is shared with anna; return anna."""
    accounts = plex_tv.accounts
    owner, anna = accounts.add("owner"), accounts.add("anna")
    device = accounts.add_server("Attic", owner=owner, uris=[])
    accounts.share(device, anna)
    seerr.uses_plex(accounts, machine_id=device.machine_id, owner_id=owner.id)
    return anna


@every_dialect
async def test_a_friend_of_seerrs_own_plex_server_is_imported(
    people: People, seerr: ForgetfulSeerr, plex_tv: PlexTv
) -> None:
    account = on_plex(seerr, plex_tv)

    anna = await people.link_plex("anna", account.id, email=account.email)

    made = seerr.users.by_id[await people.matched(anna)]
    assert (made.user_type, made.plex_id) == (UserType.PLEX, account.id)
    assert len(seerr.users.by_id) == 2


@every_dialect
async def test_a_stranger_to_seerrs_server_gets_a_user_of_seerrs_own(
    people: People, seerr: ForgetfulSeerr, plex_tv: PlexTv
) -> None:
    on_plex(seerr, plex_tv)
    stranger = plex_tv.accounts.add("stranger")

    person = await people.link_plex("stranger", stranger.id, email=stranger.email)

    made = seerr.users.by_id[await people.matched(person)]
    assert (made.user_type, made.username, made.email) == (UserType.LOCAL, "stranger", "stranger@example.com")
    assert len(made.password or "") == 32


@every_dialect
async def test_a_home_user_without_an_address_gets_a_user_of_seerrs_own(
    people: People, seerr: ForgetfulSeerr, plex_tv: PlexTv
) -> None:
    on_plex(seerr, plex_tv)
    child = plex_tv.accounts.add_managed("Mila", home_of=plex_tv.accounts.by_id[seerr.imports.owner_id].id)

    mila = await people.link_plex("Mila", child.id)

    made = seerr.users.by_id[await people.matched(mila)]
    assert (made.user_type, made.username, made.email) == (UserType.LOCAL, "Mila", "mila")
    assert seerr.asked("POST /api/v1/user/import-from-plex") == 0


@pytest.mark.parametrize("is_emby", [False, True])
async def test_a_user_of_seerrs_own_jellyfin_or_emby_is_imported(
    people: People, seerr: ForgetfulSeerr, *, is_emby: bool
) -> None:
    seerr.uses_jellyfin({"ab12": "ben", "cd34": "carl"}, is_emby=is_emby)
    seerr.imports.jellyfin_server_id = "server-1"
    ben = await people.add("ben")
    provider = "emby" if is_emby else "jellyfin"
    await people.own(ben, provider, "ab12", username="ben", server="server-1")  # type: ignore[arg-type]

    await people.say_linked(ben, provider)  # type: ignore[arg-type]

    made = seerr.users.by_id[await people.matched(ben)]
    assert (made.jellyfin_user_id, made.user_type) == ("ab12", UserType.EMBY if is_emby else UserType.JELLYFIN)
    assert len(seerr.users.by_id) == 2


async def test_a_jellyfin_user_of_another_server_is_not_imported(people: People, seerr: ForgetfulSeerr) -> None:
    seerr.uses_jellyfin({"ab12": "ben"})
    seerr.imports.jellyfin_server_id = "server-1"
    ben = await people.add("ben")
    await people.own(ben, "jellyfin", "ab12", username="ben", server="server-2")

    await people.say_linked(ben, "jellyfin")

    assert seerr.users.by_id[await people.matched(ben)].user_type is UserType.LOCAL


@pytest.mark.parametrize("loses", ["POST /api/v1/user", "POST /api/v1/user/import-from-plex"])
async def test_an_answer_that_was_lost_makes_no_second_user(
    people: People, seerr: ForgetfulSeerr, plex_tv: PlexTv, loses: str
) -> None:
    account = on_plex(seerr, plex_tv)
    seerr.loses = loses

    anna = await people.link_plex("anna", account.id, email=account.email)
    ben = await people.link_plex("ben", 4711)

    assert await people.matched(anna) != await people.matched(ben)
    assert seerr.lost == 1
    assert len(seerr.users.by_id) == 3


@in_two_replicas
async def test_two_replicas_make_one_user(people: People, seerr: ForgetfulSeerr) -> None:
    anna = await people.add("anna")
    await people.own(anna, "plex", "42", username="anna", email="anna@example.org")

    await asyncio.gather(*(people.say_linked(anna) for _ in range(8)))
    await people.matched(anna)
    await people.jobs_done()

    assert len(seerr.users.by_id) == 2
    assert len(people.linked) == 1


@in_two_replicas
async def test_many_persons_at_once_get_a_user_each(people: People, seerr: ForgetfulSeerr) -> None:
    persons = await asyncio.gather(
        *(people.link_plex(f"user{number}", 100 + number, email=f"u{number}@example.org") for number in range(20))
    )

    numbers = [await people.matched(person) for person in persons]
    assert len(set(numbers)) == 20
    assert len(seerr.users.by_id) == 21


@in_two_replicas
async def test_namesakes_at_once_get_a_user_each(people: People, seerr: ForgetfulSeerr) -> None:
    persons = await asyncio.gather(*(people.link_plex("sam", 100 + number) for number in range(5)))

    numbers = [await people.matched(person) for person in persons]
    assert len(set(numbers)) == 5
    assert len({user.username for user in seerr.users.by_id.values() if user.id > 1}) == 5


async def test_an_address_that_somebody_took_meanwhile_is_looked_up_again(
    people: People, seerr: ForgetfulSeerr
) -> None:
    seerr.is_overtaken_by("anna@example.org")

    anna = await people.link_plex("anna", 42, email="anna@example.org")

    assert await people.matched(anna) == 2
    assert len(seerr.users.by_id) == 2


async def test_a_name_that_is_hostile_is_made_harmless(people: People, seerr: ForgetfulSeerr) -> None:
    persons = [
        await people.link_plex("x" * 5000, 100),
        await people.link_plex("ben@example.org", 101),
        await people.link_plex("<b>\u202e\u0007'; drop", 102),
        await people.link_plex("   ", 103),
    ]

    made = [seerr.users.by_id[await people.matched(person)] for person in persons]

    assert [len(user.username or "") < 300 for user in made] == [True] * 4
    assert made[1].email == "ben at example.org (plex 101)"


async def test_who_is_blocked_gets_no_user_until_unblocked(
    people: People, seerr: ForgetfulSeerr, plex_tv: PlexTv, blocked: set[str]
) -> None:
    account = on_plex(seerr, plex_tv)
    blocked.add("anna")

    anna = await people.link_plex("anna", account.id, email=account.email)

    assert "anna is blocked" in await people.reason(anna)
    await people.jobs_done()
    assert (len(seerr.users.by_id), await people.dead()) == (1, [])
    blocked.clear()
    await people.say_server_changed()
    assert await people.matched(anna) == 2


async def test_who_is_blocked_keeps_the_user_that_is_there(
    people: People, seerr: ForgetfulSeerr, blocked: set[str]
) -> None:
    hers = seerr.users.add(email="anna@example.org")
    blocked.add("anna")

    assert await people.matched(await people.link_plex("anna", 42, email="anna@example.org")) == hers.id


@pytest.mark.parametrize("has_dead_token", [False, True])
async def test_where_plexs_import_fails_for_good_a_user_of_seerrs_own_is_made_and_the_reason_said(
    people: People, seerr: ForgetfulSeerr, plex_tv: PlexTv, *, has_dead_token: bool
) -> None:
    accounts = plex_tv.accounts
    owner, anna = accounts.add("owner"), accounts.add("anna")
    device = accounts.add_server("Attic", owner=owner, uris=[])
    seerr.uses_plex(accounts, machine_id=device.machine_id, owner_id=owner.id)
    if has_dead_token:
        accounts.revoke(seerr.owner.plex_token or "")

    person = await people.link_plex("anna", anna.id, email=anna.email)

    made = seerr.users.by_id[await people.matched(person)]
    assert (made.user_type, made.email) == (UserType.LOCAL, anna.email)
    why = "does not accept its owner's token" if has_dead_token else "shares nothing with anybody"
    assert why in await people.reason(person)
    await people.jobs_done()
    assert await people.dead() == []
    mend = "sign in to Seerr with Plex again" if has_dead_token else "share the server"
    problem = await people.pool.fetchval("select problem from servers where type = 'seerr'")
    assert why in problem
    assert mend in problem


@pytest.mark.parametrize(("listed", "kind"), [("AB12", UserType.JELLYFIN), ("cd34", UserType.LOCAL)])
async def test_only_an_id_that_seerr_lists_is_imported_and_as_it_writes_it(
    people: People, seerr: ForgetfulSeerr, listed: str, kind: UserType
) -> None:
    seerr.uses_jellyfin({listed: "ben"}, server_id="server-1")
    ben = await people.add("ben")
    await people.own(ben, "jellyfin", "ab-12", username="ben", server="server-1")

    await people.say_linked(ben, "jellyfin")

    made = seerr.users.by_id[await people.matched(ben)]
    assert (made.user_type, made.email) == (kind, "ben")
    assert len(seerr.users.by_id) == 2
    assert seerr.asked("POST /api/v1/user/import-from-jellyfin") == (1 if kind is UserType.JELLYFIN else 0)
