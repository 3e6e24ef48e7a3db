"""Who a proven account belongs to: people who race, earlier claims, and plays seen before."""

import asyncio
from typing import Any

from services.linker.signins.domain import Asker
from shared.bus.connection import Bus
from shared.schemas.events import AccountClaimed, AccountLinked
from shared.schemas.media import Account
from simulators.plex_tv.accounts import PlexAccount
from simulators.plex_tv.app import PlexTv
from tests.integration.gateway.house import House
from tests.integration.linker.linking import (
    Linker,
    Said,
    admin,
    claim,
    claim_unproven,
    key,
    people,
    see,
)
from tests.integration.service import until

ADA = Asker("discord", "80351110224678912", "ada")
BERT = Asker("discord", "80351110224678913", "bert")


def seen_as(account: PlexAccount, server: str = "attic", *, is_owner: bool = False) -> Account:
    return Account("plex", server, str(account.id), account.title, is_owner=is_owner)


async def sign_in(linker: Linker, plex: PlexTv, asker: Asker, account: PlexAccount) -> Any:
    """Sign in as somebody in Discord; return how it ended."""
    begun = await linker.sign_ins.begin(asker, "plex")
    claim(plex, begun.code, account)
    found: list[Any] = []

    async def is_over() -> bool:
        found.append(await linker.sign_ins.check(begun.id))
        return bool(found[-1].state != "pending")

    await until(is_over)
    return found[-1]


async def test_plays_seen_before_join_whoever_proves_the_account(
    plex: PlexTv, house: House, linker: Linker, said: Said, bus: Bus
) -> None:
    carl = plex.accounts.add("carl")
    await see(bus, house, seen_as(carl, "attic"))
    await see(bus, house, seen_as(carl, "cellar"))

    await sign_in(linker, plex, ADA, carl)

    [person] = await people(house)
    await until(lambda: {fact.account.server for fact in said.facts(AccountClaimed)} == {"attic", "cellar"})
    assert {fact.person_id for fact in said.facts(AccountClaimed)} == {person["id"]}
    assert (await house.get("/api/people/unclaimed")).json()["total"] == 0
    assert {(each["provider"], each["id"]) for each in person["identities"]} == {
        ("plex", str(carl.id)),
        ("discord", ADA.id),
    }


async def test_an_owner_gets_what_was_seen_of_him_as_number_one(
    plex: PlexTv, house: House, linker: Linker, said: Said, bus: Bus
) -> None:
    anna, guest = plex.accounts.add("anna"), plex.accounts.add("guest")
    await see(bus, house, Account("plex", "attic", "1", "anna", is_owner=True))
    await see(bus, house, seen_as(anna, is_owner=True))
    await see(bus, house, seen_as(guest))

    await sign_in(linker, plex, ADA, anna)

    await until(lambda: {fact.account.id for fact in said.facts(AccountClaimed)} == {"1", str(anna.id)})
    left = (await house.get("/api/people/unclaimed")).json()["items"]
    assert [each["account_name"] for each in left] == ["guest"]


async def test_who_was_only_said_to_hold_it_becomes_who_proves_it(
    plex: PlexTv, house: House, linker: Linker, bus: Bus
) -> None:
    carl = plex.accounts.add("carl")
    await see(bus, house, seen_as(carl))
    said_to_be = await claim_unproven(house, seen_as(carl))

    await sign_in(linker, plex, ADA, carl)

    [person] = await people(house)
    assert person["id"] == said_to_be["id"]
    assert {each["provider"]: each["proven"] for each in person["identities"]} == {"plex": True, "discord": True}


async def test_a_person_with_proofs_of_their_own_is_not_handed_over(
    plex: PlexTv, house: House, linker: Linker, said: Said, bus: Bus
) -> None:
    bert, carl = plex.accounts.add("bert"), plex.accounts.add("carl")
    await sign_in(linker, plex, BERT, bert)
    [berts] = await people(house)
    await see(bus, house, seen_as(carl))
    await claim_unproven(house, seen_as(carl), berts["id"])

    await sign_in(linker, plex, ADA, carl)

    found = {person["name"]: {each["id"] for each in person["identities"]} for person in await people(house)}
    assert found == {"bert": {BERT.id, str(bert.id)}, "carl": {ADA.id, str(carl.id)}}
    await until(lambda: len(said.facts(AccountClaimed)) == 2)
    assert said.facts(AccountClaimed)[-1].person_name == "carl"


async def test_proof_outweighs_what_was_said_and_moves_the_plays(
    plex: PlexTv, house: House, linker: Linker, said: Said, bus: Bus
) -> None:
    ada, carl = plex.accounts.add("ada"), plex.accounts.add("carl")
    await see(bus, house, seen_as(carl))
    await sign_in(linker, plex, ADA, ada)
    said_to_be = await claim_unproven(house, seen_as(carl))

    ended = await sign_in(linker, plex, ADA, carl)

    assert ended.state == "authorized"
    found = {person["name"]: person for person in await people(house)}
    assert {each["username"] for each in found["ada"]["identities"]} == {"ada", "carl"}
    assert (found["carl"]["id"], found["carl"]["identities"]) == (said_to_be["id"], [])
    await until(lambda: len(said.facts(AccountClaimed)) == 2)
    assert [fact.person_id for fact in said.facts(AccountClaimed)] == [said_to_be["id"], found["ada"]["id"]]


async def test_of_two_who_prove_one_account_at_once_one_wins(
    plex: PlexTv, house: House, linker: Linker, said: Said
) -> None:
    carl = plex.accounts.add("carl")

    ended = await asyncio.gather(sign_in(linker, plex, ADA, carl), sign_in(linker, plex, BERT, carl))

    assert sorted(each.state for each in ended) == ["authorized", "refused"]
    [person] = await people(house)
    assert len(person["identities"]) == 2
    await until(lambda: len(said.facts(AccountLinked)) == 1)


async def test_one_who_proves_two_accounts_at_once_is_one_person(plex: PlexTv, house: House, linker: Linker) -> None:
    tokens = [plex.accounts.sign_in(plex.accounts.add(name)) for name in ("ada", "adas-other")]
    me = await admin(house)

    answers = await asyncio.gather(*(me.post("plex/connect", {"token": token}) for token in tokens))

    assert [answer.status_code for answer in answers] == [200, 200]
    assert len(await people(house)) == 1
    assert len(await me.linked()) == 2


async def test_a_key_without_a_person_speaks_for_whoever_signs_in(plex: PlexTv, house: House, linker: Linker) -> None:
    ada, bert = plex.accounts.add("ada"), plex.accounts.add("bert")
    await sign_in(linker, plex, ADA, ada)

    again = await key(house).sign_in(plex, ada)
    new = await key(house).sign_in(plex, bert)

    assert (again["status"], new["status"]) == ("authorized", "authorized")
    found = {person["name"]: {each["provider"] for each in person["identities"]} for person in await people(house)}
    assert found == {"ada": {"plex", "discord"}, "bert": {"plex"}}


async def test_who_linked_without_discord_may_link_from_discord_later(
    plex: PlexTv, house: House, linker: Linker
) -> None:
    carl = plex.accounts.add("carl")
    await key(house).sign_in(plex, carl)
    [before] = await people(house)

    ended = await sign_in(linker, plex, ADA, carl)
    others = await sign_in(linker, plex, BERT, carl)

    [person] = await people(house)
    assert (ended.state, others.state) == ("authorized", "refused")
    assert person["id"] == before["id"]
    assert {(each["provider"], each["id"]) for each in person["identities"]} == {
        ("plex", str(carl.id)),
        ("discord", ADA.id),
    }


async def test_who_is_known_already_is_not_joined_with_the_holder(plex: PlexTv, house: House, linker: Linker) -> None:
    carl = plex.accounts.add("carl")
    await key(house).sign_in(plex, carl)
    await sign_in(linker, plex, ADA, plex.accounts.add("ada"))

    ended = await sign_in(linker, plex, ADA, carl)

    assert ended.state == "refused"
    assert len(await people(house)) == 2


async def test_a_key_may_name_the_person(plex: PlexTv, house: House, linker: Linker) -> None:
    await sign_in(linker, plex, ADA, plex.accounts.add("ada"))
    [ada] = await people(house)

    ended = await key(house, ada["id"]).sign_in(plex, plex.accounts.add("adas-other"))

    assert ended["status"] == "authorized"
    assert {each["account"]["username"] for each in await key(house, ada["id"]).linked()} == {"ada", "adas-other"}


async def test_merged_persons_have_the_accounts_of_both(plex: PlexTv, house: House, linker: Linker) -> None:
    await sign_in(linker, plex, ADA, plex.accounts.add("ada"))
    await sign_in(linker, plex, BERT, plex.accounts.add("bert"))
    found = {person["name"]: person["id"] for person in await people(house)}

    await house.post(f"/api/people/{found['ada']}/merge", {"merged_id": found["bert"]})

    for person_id in found.values():
        linked = await key(house, person_id).linked()
        assert {each["account"]["username"] for each in linked} == {"ada", "bert"}
        assert {each["person"]["id"] for each in linked} == {found["ada"]}


async def test_a_sign_in_for_a_person_who_is_merged_meanwhile_is_the_other_ones(
    plex: PlexTv, house: House, linker: Linker
) -> None:
    await sign_in(linker, plex, ADA, plex.accounts.add("ada"))
    await sign_in(linker, plex, BERT, plex.accounts.add("bert"))
    found = {person["name"]: person["id"] for person in await people(house)}
    berts = key(house, found["bert"])
    pin = await berts.begin()
    await house.post(f"/api/people/{found['ada']}/merge", {"merged_id": found["bert"]})
    claim(plex, pin["code"], plex.accounts.add("berts-other"))

    ended = await berts.settled(pin)

    assert ended["status"] == "authorized"
    [person] = await people(house)
    assert "berts-other" in {each["username"] for each in person["identities"]}
