"""Who has which user is known again wherever Seerr is, and not taken for granted where its database is another one."""

import pytest

from services.linker.seerr.jobs import TakeOut
from simulators.seerr.users import Permission, User, UserType
from simulators.serving import serving
from tests.integration.linker.seerr.conftest import ForgetfulSeerr
from tests.integration.linker.seerr.people import People

pytestmark = pytest.mark.usefixtures("linker")
ANNAS, BENS = "80351110224678912", "80351110224678913"


async def linked(people: People) -> tuple[str, str]:
    """Link anna and ben, in this order; they get Seerr's users 2 and 3."""
    anna = await people.link_plex("anna", 42, email="anna@example.org", discord_id=ANNAS)
    assert await people.matched(anna) == 2
    ben = await people.link_plex("ben", 43, discord_id=BENS)
    assert await people.matched(ben) == 3
    await people.jobs_done()
    return anna, ben


async def check_seerr(people: People) -> None:
    await people.say_server_changed()
    await people.jobs_done()


async def users_of(people: People, *persons: str) -> list[int | None]:
    return [(await people.find(person)).seerr_user_id for person in persons]


async def names_of(people: People, *persons: str) -> list[str]:
    found = [await people.find(person) for person in persons]
    return [one.username for person in found for one in person.identities if one.provider == "seerr"]


def written(*users: User) -> list[object]:
    return [(user.settings or {}).get("discordId") for user in users]


async def test_others_who_have_the_numbers_in_another_database_are_left_alone(
    people: People, seerr: ForgetfulSeerr
) -> None:
    anna, ben = await linked(people)
    seerr.start_anew()
    carl = seerr.users.add(email="carl@example.org", username="carl")
    root = seerr.users.add(email="root@example.org", username="root", permissions=Permission.ADMIN)

    await check_seerr(people)

    assert set(await users_of(people, anna, ben)) == {4, 5}
    assert sorted(await names_of(people, anna, ben)) == ["anna", "ben"]
    assert written(carl, root) == [None, None]
    assert sorted(fact.account_id for fact in people.unlinked) == ["2", "3"]


async def test_who_swapped_numbers_in_another_database_get_their_own(people: People, seerr: ForgetfulSeerr) -> None:
    anna, ben = await linked(people)
    seerr.start_anew()
    bens = seerr.users.add(email="b@example.org", username="ben")
    annas = seerr.users.add(email="anna@example.org", username="ann")

    await check_seerr(people)

    assert await users_of(people, anna, ben) == [annas.id, bens.id]
    assert written(annas, bens) == [ANNAS, BENS]
    assert await names_of(people, anna, ben) == ["ann", "ben"]
    assert len(seerr.users.by_id) == 3


async def test_nothing_is_written_into_anothers_user_before_anybody_looked(
    people: People, seerr: ForgetfulSeerr
) -> None:
    anna, _ = await linked(people)
    seerr.start_anew()
    carl = seerr.users.add(email="carl@example.org", username="carl", permissions=Permission.ADMIN)

    await people.say_linked(anna)
    await people.jobs_done()

    assert written(carl) == [None]
    assert await users_of(people, anna) == [3]


async def test_a_restored_database_takes_only_from_who_is_not_in_it(people: People, seerr: ForgetfulSeerr) -> None:
    anna = await people.link_plex("anna", 42, email="anna@example.org", discord_id=ANNAS)
    await people.matched(anna)
    await people.jobs_done()
    backup = seerr.users.copy()
    ben = await people.link_plex("ben", 43, discord_id=BENS)
    assert await people.matched(ben) == 3
    await people.jobs_done()
    seerr.users.restore(backup)
    carl = seerr.users.add(email="carl@example.org", username="carl")

    await check_seerr(people)

    assert (carl.id, await users_of(people, anna, ben)) == (3, [2, 4])
    assert written(carl) == [None]


async def test_the_same_seerr_is_known_at_another_address_and_after_it_was_removed(
    people: People, seerr: ForgetfulSeerr, seerr_url: str
) -> None:
    """By what was kept of them: ben has no address, another has ben's name too by now, and anna was renamed."""
    anna, ben = await linked(people)
    await people.pool.execute("update identities set username = 'anne', email = null where id = '42'")
    seerr.users.add(email="other@example.org", username="BEN")
    before = len(seerr.users.by_id)

    async with serving(seerr) as elsewhere:
        await people.configure(elsewhere)
        await check_seerr(people)
        moved = await users_of(people, anna, ben)
        await people.remove_seerr()
        await people.jobs_done()
        removed = await users_of(people, anna, ben)
        await people.configure(seerr_url)
        await check_seerr(people)

    assert (moved, removed) == ([2, 3], [None, None])
    assert await users_of(people, anna, ben) == [2, 3]
    assert len(seerr.users.by_id) == before
    assert [fact.reason for fact in people.unlinked] == ["Seerr was removed"] * 2


async def test_who_has_two_plex_accounts_with_a_user_each_keeps_the_first(
    people: People, seerr: ForgetfulSeerr
) -> None:
    first = seerr.users.add(email="anna@example.org", plex_id=42, user_type=UserType.PLEX)
    anna = await people.link_plex("anna", 42, email="anna@example.org")
    assert await people.matched(anna) == first.id
    await people.own(anna, "plex", "44", username="anna2", email="anna2@example.org")
    seerr.users.add(email="anna2@example.org", plex_id=44, user_type=UserType.PLEX)

    async with serving(seerr) as elsewhere:
        await people.configure(elsewhere)
        await check_seerr(people)

        assert await users_of(people, anna) == [first.id]


async def test_a_discord_id_that_usher_wrote_tells_who_it_is_where_nothing_else_does(
    people: People, seerr: ForgetfulSeerr
) -> None:
    """As in a database that was made anew of the old one's rows, where the user has another name by now."""
    _, ben = await linked(people)
    await people.pool.execute("update seerr_proofs set created_at = '', email = null, seen_at = '2026-01-01'")
    bens = seerr.users.by_id[3]
    bens.username = "benjamin"
    seerr.users.add(email="other@example.org", username="ben")

    await check_seerr(people)

    assert await users_of(people, ben) == [bens.id]
    assert await names_of(people, ben) == ["benjamin"]


async def test_back_at_the_first_of_two_seerrs_everybody_has_their_first_user(
    people: People, seerr: ForgetfulSeerr, seerr_url: str
) -> None:
    anna, ben = await linked(people)
    other = ForgetfulSeerr(seerr.dialect, api_key=seerr.authentication.api_key)
    other.users.add(email="x@example.org", username="ben")
    other.users.add(email="anna@example.org")

    async with serving(other) as elsewhere:
        await people.configure(elsewhere)
        await check_seerr(people)
        there = await users_of(people, anna, ben)
        await people.configure(seerr_url)
        await check_seerr(people)

    assert there == [3, 2]
    assert await users_of(people, anna, ben) == [2, 3]
    assert len(seerr.users.by_id) == 3


async def test_the_number_of_a_match_from_before_an_update_proves_nothing_at_an_older_seerr(
    people: People, seerr: ForgetfulSeerr
) -> None:
    """All that is known of the match is its name; the other Seerr's users were there before it."""
    anna, ben = await linked(people)
    await people.pool.execute("update seerr_proofs set created_at = '', email = null, written = '{}', seen_at = now()")
    older = ForgetfulSeerr(seerr.dialect, api_key=seerr.authentication.api_key)
    carl, dora = (older.users.add(email=f"{name}@example.org", username=name) for name in ("carl", "dora"))

    async with serving(older) as elsewhere:
        await people.configure(elsewhere)
        await check_seerr(people)

        assert set(await users_of(people, anna, ben)) == {4, 5}
        assert written(carl, dora) == [None, None]


async def test_a_discord_id_stays_with_whoever_has_the_user_by_now(people: People, seerr: ForgetfulSeerr) -> None:
    anna, ben = await linked(people)
    bens = seerr.users.by_id[3]
    created_at = await people.pool.fetchval("select created_at from seerr_proofs where seerr_user_id = 3")
    bens.settings = {"discordId": BENS}

    await people.give_job(TakeOut(anna, bens.id, created_at, (BENS,)))
    await people.jobs_done()

    assert written(bens) == [BENS]
    assert await users_of(people, ben) == [bens.id]
