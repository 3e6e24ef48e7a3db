"""Tokens that stop working: noticed once a day, marked, and their people told once."""

import asyncio

import msgspec

from services.linker.signins.daily_token_check import UNREADABLE
from services.linker.signins.domain import Asker
from shared.owners import account_token
from shared.schemas.events import CredentialDied
from shared.schemas.interactions import DirectMessage
from simulators.plex_tv.accounts import PlexAccount
from simulators.plex_tv.app import PlexTv
from tests.integration.gateway.house import House
from tests.integration.linker.linking import Linker, Place, Said, admin, claim, key
from tests.integration.service import until

ADA = Asker("discord", "80351110224678912", "ada")


async def is_due(place: Place) -> None:
    """Let a day pass for all tokens."""
    await place.rows("update connections set check_at = now() - interval '1 second', checked_at = null")


async def linked(place: Place) -> list[tuple[str, str, bool]]:
    rows = await place.rows("select username, state, checked_at is not null as checked from connections order by 1")
    return [(row["username"], row["state"], row["checked"]) for row in rows]


async def sign_in(linker: Linker, plex: PlexTv, account: PlexAccount) -> None:
    begun = await linker.sign_ins.begin(ADA, "plex")
    claim(plex, begun.code, account)

    async def is_authorized() -> bool:
        return (await linker.sign_ins.check(begun.id)).state == "authorized"

    await until(is_authorized)


async def test_a_good_token_is_noted_as_good(plex: PlexTv, place: Place, house: House, linker: Linker) -> None:
    await (await admin(house)).sign_in(plex, plex.accounts.add("anna"))
    await is_due(place)

    done = [await linker.daily_check.check_next(), await linker.daily_check.check_next()]

    assert done == [True, False]
    assert await linked(place) == [("anna", "ok", True)]
    [row] = await place.rows("select check_at > now() + interval '23 hours' as is_tomorrow from connections")
    assert row["is_tomorrow"]


async def test_a_dead_token_is_marked_and_its_person_told_once(
    plex: PlexTv, place: Place, house: House, linker: Linker, said: Said
) -> None:
    ada = plex.accounts.add("ada")
    await sign_in(linker, plex, ada)
    plex.accounts.sign_out_everywhere(ada)
    await is_due(place)

    await linker.daily_check.check_next()
    await is_due(place)
    again = await linker.daily_check.check_next()

    assert again is False
    [shown] = (await key(house).get(all="true")).json()["items"]
    assert (shown["state"], "401" in shown["reason"]) == ("dead", True)
    await until(lambda: len(said.facts(CredentialDied)) == 1)
    assert said.facts(CredentialDied)[0].discord_id == ADA.id
    [(_, data)] = said.on("jobs.linker.write")
    direct = msgspec.json.decode(data, type=DirectMessage)
    assert direct.user_id == ADA.id
    assert b"Link it again with `/link`" in bytes(direct.message)


async def test_linking_again_revives_it(plex: PlexTv, place: Place, house: House, linker: Linker, said: Said) -> None:
    ada = plex.accounts.add("ada")
    await sign_in(linker, plex, ada)
    plex.accounts.sign_out_everywhere(ada)
    await is_due(place)
    await linker.daily_check.check_next()

    await sign_in(linker, plex, ada)
    await is_due(place)
    await linker.daily_check.check_next()

    assert await linked(place) == [("ada", "ok", True)]
    plex.accounts.sign_out_everywhere(ada)
    await is_due(place)
    await linker.daily_check.check_next()
    await until(lambda: len(said.facts(CredentialDied)) == 2)


async def test_nothing_else_is_a_proof_of_death(
    plex: PlexTv, place: Place, house: House, linker: Linker, said: Said
) -> None:
    await (await admin(house)).sign_in(plex, plex.accounts.add("anna"))
    for status in (500, 503, 200, 403, 404, 429):  # the 200 is a page for people
        await is_due(place)
        plex.fail_next(status, path="/api/v2/ping")
        await linker.daily_check.check_next()

        assert await linked(place) == [("anna", "ok", False)]

    [row] = await place.rows("select check_at < now() + interval '2 hours' as is_soon from connections")
    assert row["is_soon"]
    assert said.facts(CredentialDied) == []


async def test_a_token_copied_from_another_account_does_not_open_and_is_dead(
    plex: PlexTv, place: Place, house: House, linker: Linker
) -> None:
    anna, bert = plex.accounts.add("anna"), plex.accounts.add("bert")
    await key(house).sign_in(plex, anna)
    await key(house).sign_in(plex, bert)
    owners = [account_token("plex", server="", account_id=str(one.id)).id for one in (anna, bert)]
    await place.rows(
        """update shared.credentials set sealed = other.sealed from shared.credentials as other
        where credentials.owner_id = $1 and other.owner_id = $2""",
        *owners,
    )
    await is_due(place)

    await linker.daily_check.check_next()
    await linker.daily_check.check_next()

    shown = {each["account"]["username"]: each for each in (await key(house).get(all="true")).json()["items"]}
    assert (shown["anna"]["state"], shown["anna"]["reason"]) == ("dead", UNREADABLE)
    assert shown["bert"]["state"] == "ok"


async def test_a_token_linked_anew_while_the_old_one_is_looked_at_is_not_buried(
    plex: PlexTv, place: Place, house: House, linker: Linker, said: Said
) -> None:
    ada = plex.accounts.add("ada")
    await sign_in(linker, plex, ada)
    plex.accounts.sign_out_everywhere(ada)
    await is_due(place)
    goes_on = plex.hold_next(path="/api/v2/ping")
    looking = asyncio.create_task(linker.daily_check.check_next())
    await until(lambda: any(request.path == "/api/v2/ping" for request in plex.seen))
    await sign_in(linker, plex, ada)
    goes_on.set()
    await looking

    assert await linked(place) == [("ada", "ok", True)]
    assert said.facts(CredentialDied) == []
