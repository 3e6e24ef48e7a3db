"""People who link their accounts by a key of their own, with the scope `self`."""

from typing import Any

from simulators.plex_tv.app import PlexTv
from tests.integration.gateway.house import House
from tests.integration.linker.linking import Linker, Person, claim, key, people


async def known(house: House, plex: PlexTv, name: str) -> Any:
    """Return a person who has linked a Plex account."""
    await key(house).sign_in(plex, plex.accounts.add(name))
    return next(each for each in await people(house) if each["name"] == name)


async def own_key(house: House, person: Any) -> Person:
    wanted = {"name": person["name"], "scopes": ["self"], "person_id": person["id"]}
    return Person(house, {"X-API-Key": (await house.post("/api/keys", wanted)).json()["key"]})


async def test_one_links_lists_and_unlinks_what_is_ones_own(plex: PlexTv, house: House, linker: Linker) -> None:
    anna, _ = await known(house, plex, "anna"), await known(house, plex, "bert")
    mine = await own_key(house, anna)

    ended = await mine.sign_in(plex, plex.accounts.add("anna's second"))
    linked = await mine.linked()
    removed = await mine.unlink()

    assert ended["status"] == "authorized"
    assert [(each["account"]["username"], each["person"]["id"]) for each in linked] == [
        ("anna", anna["id"]),
        ("anna's second", anna["id"]),
    ]
    assert len(removed.json()["items"]) == 2
    [left] = (await house.get("/api/integrations", all="true")).json()["items"]
    assert left["person"]["name"] == "bert"


async def test_an_account_of_somebody_else_is_not_unlinked_by_its_id(
    plex: PlexTv, house: House, linker: Linker
) -> None:
    anna, bert = await known(house, plex, "anna"), await known(house, plex, "bert")
    [account] = [each["id"] for each in bert["identities"] if each["provider"] == "plex"]

    removed = await (await own_key(house, anna)).unlink(account=account)

    assert removed.json()["items"] == []
    assert len((await house.get("/api/integrations", all="true")).json()["items"]) == 2


async def test_an_account_that_somebody_else_has_proven_stays_theirs(
    plex: PlexTv, house: House, linker: Linker
) -> None:
    anna = await known(house, plex, "anna")
    berts = plex.accounts.add("bert")
    await key(house).sign_in(plex, berts)

    ended = await (await own_key(house, anna)).sign_in(plex, berts)

    assert ended["status"] == "refused"
    assert {each["name"] for each in await people(house)} == {"anna", "bert"}


async def test_the_sign_in_of_somebody_else_is_neither_shown_nor_called_off(
    plex: PlexTv, house: House, linker: Linker
) -> None:
    anna, bert = await known(house, plex, "anna"), await known(house, plex, "bert")
    annas, berts = await own_key(house, anna), await own_key(house, bert)
    of_bert, of_nobody = await berts.begin(), await key(house).begin()

    for pin in (of_bert, of_nobody):
        shown = await annas.post("plex/auth/check", {"pin_id": pin["pin_id"]})
        ended = await house.delete(f"/api/integrations/plex/auth/pin/{pin['pin_id']}", headers=annas.headers)

        assert (shown.status_code, ended.status_code) == (404, 404)
    assert (await berts.check(of_bert))["status"] == "pending"


async def test_who_was_merged_goes_on_with_the_sign_in_and_the_key(plex: PlexTv, house: House, linker: Linker) -> None:
    anna, other = await known(house, plex, "anna"), await known(house, plex, "anna elsewhere")
    mine = await own_key(house, other)
    pin = await mine.begin()
    await house.post(f"/api/people/{anna['id']}/merge", {"merged_id": other["id"]})

    claim(plex, pin["code"], plex.accounts.add("anna's third"))
    ended = await mine.settled(pin)

    assert ended["status"] == "authorized"
    assert {each["person"]["id"] for each in await mine.linked()} == {anna["id"]}
    assert len(await mine.linked()) == 3
