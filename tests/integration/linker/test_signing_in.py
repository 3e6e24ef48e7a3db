"""Linking a Plex account, as people do it: over HTTP, with a stand-in for plex.tv."""

from shared.owners import account_token
from shared.schemas.events import AccountLinked
from simulators.plex_tv.app import PlexTv
from tests.integration.gateway.house import House
from tests.integration.linker.linking import Linker, Said, admin, claim, people
from tests.integration.service import until


async def test_a_claimed_pin_proves_the_account_and_keeps_its_token(
    plex: PlexTv, house: House, linker: Linker, said: Said
) -> None:
    anna, me = plex.accounts.add("anna"), await admin(house)
    pin = await me.begin()
    token = claim(plex, pin["code"], anna)

    ended = await me.settled(pin)

    assert ended["status"] == "authorized"
    assert ended["account"] == {"id": str(anna.id), "username": "anna", "email": "anna@example.com"}
    [person] = await people(house)
    assert person["name"] == "anna"
    found = {(each["provider"], each["id"], each["proven"], each["email"]) for each in person["identities"]}
    assert found == {("plex", str(anna.id), True, "anna@example.com"), ("usher", "admin", True, None)}
    kept = await linker.vault.get(account_token("plex", server="", account_id=str(anna.id)))
    assert kept is not None
    assert kept.reveal() == token
    [linked] = await me.linked()
    assert (linked["state"], linked["account"]["username"], linked["person"]["id"]) == ("ok", "anna", person["id"])
    await until(lambda: len(said.facts(AccountLinked)) == 1)
    [fact] = said.facts(AccountLinked)
    assert (fact.person_id, fact.account_id, fact.email) == (person["id"], str(anna.id), "anna@example.com")
