"""Linking a Plex account as people do: over HTTP, with a stand-in for plex.tv."""

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from shared.owners import account_token
from shared.schemas.events import AccountLinked, AccountUnlinked
from simulators.plex_tv.app import PlexTv
from tests.integration.gateway.house import House
from tests.integration.linker.linking import Linker, Place, Said, admin, claim, key, people
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


async def test_the_address_leads_to_plex_and_back_to_us(plex: PlexTv, house: House, linker: Linker) -> None:
    pin = await (await admin(house)).begin()

    address, _, fragment = pin["url"].partition("#?")
    assert address.endswith("/auth")
    assert f"code={pin['code']}" in fragment
    assert f"forwardUrl=http%3A%2F%2Fusher.test%2Flink%2Fdone%3Fid%3D{pin['pin_id']}" in fragment
    assert len(pin["url"]) <= 512  # a button of Discord takes no more
    assert len(pin["short_code"]) == 4


async def test_the_four_characters_do_as_well(plex: PlexTv, house: House, linker: Linker) -> None:
    me = await admin(house)
    pin = await me.begin()
    claim(plex, pin["short_code"].lower(), plex.accounts.add("anna"))

    ended = await me.settled(pin)

    assert (ended["status"], ended["account"]["username"]) == ("authorized", "anna")


async def test_it_is_noticed_without_anybody_asking(plex: PlexTv, house: House, linker: Linker) -> None:
    me = await admin(house)
    claim(plex, (await me.begin())["code"], plex.accounts.add("anna"))

    async def is_linked() -> bool:
        return len(await me.linked()) == 1

    await until(is_linked)


async def test_a_second_begin_shows_the_open_sign_in(plex: PlexTv, house: House, linker: Linker) -> None:
    me = await admin(house)

    first, by_get, bare = await me.begin(), await me.get("/plex/auth/pin"), await me.post("plex/auth/pin", None)

    assert first == by_get.json() == bare.json()


async def test_two_that_begin_at_once_get_the_same(plex: PlexTv, house: House, linker: Linker) -> None:
    me = await admin(house)

    pins = await asyncio.gather(*(me.begin() for _ in range(3)))

    assert len({pin["pin_id"] for pin in pins}) == 1
    claim(plex, pins[0]["code"], plex.accounts.add("anna"))
    assert (await me.settled(pins[0]))["status"] == "authorized"


async def test_an_expired_pin_ends_it_and_another_can_be_begun(plex: PlexTv, house: House, linker: Linker) -> None:
    me = await admin(house)
    pin = await me.begin()
    plex.clock.advance(timedelta(minutes=31))

    ended = await me.settled(pin)

    assert (ended["status"], ended["account"]) == ("expired", None)
    assert (await me.begin())["pin_id"] != pin["pin_id"]


async def test_a_short_code_that_is_over_is_not_shown(place: Place, house: House, linker: Linker) -> None:
    me = await admin(house)
    pin = await me.begin()
    await place.rows("update sign_ins set short_until = now() - interval '1 second'")

    again = await me.begin()

    assert (again["pin_id"], again["short_code"]) == (pin["pin_id"], None)


async def test_a_pin_without_the_short_one_is_offered_too(plex: PlexTv, house: House, linker: Linker) -> None:
    plex.slow_next(timedelta(), path="/api/v2/pins")  # the strong one
    plex.fail_next(500, path="/api/v2/pins")
    me = await admin(house)

    pin = await me.begin()

    assert pin["short_code"] is None
    claim(plex, pin["code"], plex.accounts.add("anna"))
    assert (await me.settled(pin))["status"] == "authorized"


async def test_an_account_proven_by_somebody_else_is_refused(
    plex: PlexTv, house: House, linker: Linker, said: Said
) -> None:
    anna = plex.accounts.add("anna")
    await (await admin(house)).sign_in(plex, anna)
    berts = await key(house).sign_in(plex, plex.accounts.add("bert"))
    bert = next(each for each in await people(house) if each["name"] == "bert")

    refused = await key(house, bert["id"]).sign_in(plex, anna)

    assert berts["status"] == "authorized"
    assert refused["status"] == "refused"
    assert "this Plex account was proven by somebody else" in refused["reason"]
    assert "anna" not in refused["reason"]
    assert refused["account"] is None
    assert [each["account"]["username"] for each in await key(house, bert["id"]).linked()] == ["bert"]
    assert len(said.facts(AccountLinked)) == 2


async def test_linking_the_same_account_again_renews_its_token(plex: PlexTv, house: House, linker: Linker) -> None:
    anna, me = plex.accounts.add("anna"), await admin(house)
    await me.sign_in(plex, anna)
    pin = await me.begin()
    token = claim(plex, pin["code"], anna)

    ended = await me.settled(pin)

    assert ended["status"] == "authorized"
    assert len(await me.linked()) == 1
    kept = await linker.vault.get(account_token("plex", server="", account_id=str(anna.id)))
    assert kept is not None
    assert kept.reveal() == token


async def test_one_person_may_have_several_plex_accounts(plex: PlexTv, house: House, linker: Linker) -> None:
    me = await admin(house)
    for name in ("anna", "annas-other"):
        assert (await me.sign_in(plex, plex.accounts.add(name)))["status"] == "authorized"

    assert {each["account"]["username"] for each in await me.linked()} == {"anna", "annas-other"}
    assert len(await people(house)) == 1


async def test_a_home_user_without_an_e_mail_is_linked(plex: PlexTv, house: House, linker: Linker) -> None:
    owner, me = plex.accounts.add("anna"), await admin(house)
    mila = plex.accounts.add_managed("Mila", home_of=owner.id)

    ended = await me.sign_in(plex, mila)

    assert ended["account"] == {"id": str(mila.id), "username": "Mila", "email": None}


async def test_the_servers_that_the_account_reaches_are_named(plex: PlexTv, house: House, linker: Linker) -> None:
    anna, me = plex.accounts.add("anna"), await admin(house)
    plex.accounts.add_server("Attic", owner=anna, uris=["http://10.0.0.2:32400"], machine_id="attic-1")

    ended = await me.sign_in(plex, anna)

    assert ended["servers"] == [{"name": "Attic", "machine_identifier": "attic-1", "owned": True}]


async def test_unlinking_forgets_the_token_and_keeps_the_proof(
    plex: PlexTv, house: House, linker: Linker, said: Said
) -> None:
    anna, me = plex.accounts.add("anna"), await admin(house)
    await me.sign_in(plex, anna)
    pin = await me.begin()

    removed, again = await me.unlink(), await me.unlink()

    assert [each["username"] for each in removed.json()["items"]] == ["anna"]
    assert (again.status_code, again.json()) == (200, {"items": []})
    assert await linker.vault.get(account_token("plex", server="", account_id=str(anna.id))) is None
    assert await me.linked() == []
    assert (await me.check(pin))["status"] == "cancelled"
    [person] = await people(house)
    assert {(each["provider"], each["proven"]) for each in person["identities"]} == {("plex", True), ("usher", True)}
    await until(lambda: [fact.account_id for fact in said.facts(AccountUnlinked)] == [str(anna.id)])
    assert (await me.sign_in(plex, anna))["status"] == "authorized"


async def test_one_account_of_several_is_unlinked_by_its_id(plex: PlexTv, house: House, linker: Linker) -> None:
    anna, bert = plex.accounts.add("anna"), plex.accounts.add("bert")
    await key(house).sign_in(plex, anna)
    await key(house).sign_in(plex, bert)

    removed = await key(house).unlink(account=str(bert.id))
    careless = await key(house).unlink()

    assert [each["username"] for each in removed.json()["items"]] == ["bert"]
    assert careless.status_code == 400
    everybody = (await key(house).get(all="true")).json()["items"]
    assert [each["account"]["username"] for each in everybody] == ["anna"]


async def test_a_cancelled_sign_in_links_nothing(plex: PlexTv, house: House, linker: Linker) -> None:
    me = await admin(house)
    pin = await me.begin()
    cancelled = await house.delete(f"/api/integrations/plex/auth/pin/{pin['pin_id']}")
    claim(plex, pin["code"], plex.accounts.add("anna"))

    again = await house.delete(f"/api/integrations/plex/auth/pin/{pin['pin_id']}")

    assert (cancelled.json()["status"], again.json()["status"]) == ("cancelled", "cancelled")
    assert (await me.check(pin))["status"] == "cancelled"
    assert await me.linked() == []


async def test_a_token_links_its_account(plex: PlexTv, house: House, linker: Linker) -> None:
    anna, me = plex.accounts.add("anna"), await admin(house)
    token = plex.accounts.sign_in(anna)

    linked = await me.post("plex/connect", {"token": token})

    assert (linked.status_code, linked.json()["account"]["username"]) == (200, "anna")
    page = (await me.get("/plex/connect")).json()
    assert (page["total"], page["items"]) == (1, [linked.json()])
    assert (await me.get("/trakt/connect")).json()["items"] == []
    actions = [each["action"] for each in (await house.get("/api/audit")).json()["items"]]
    assert "account.linked" in actions


BAD: list[tuple[str, Any, int]] = [
    ("plex/connect", {"token": "nobodys"}, 400),
    ("plex/connect", {"token": "with\nnewline"}, 400),
    ("plex/connect", {"token": "x" * 5000}, 400),
    ("plex/connect", {}, 400),
    ("plex/connect", {"username": "anna", "password": "x"}, 400),
    ("jellyfin/connect", {"username": "anna"}, 400),
    ("trakt/connect", {"token": "x"}, 400),
    ("emby/auth/pin", {}, 400),
    ("seerr/auth/pin", {}, 400),
    ("plex/auth/pin", {"person_id": "nobody"}, 404),
    ("plex/auth/pin", {"person_id": "a\x00b"}, 400),
    ("plex/auth/pin", {"more": 1}, 400),
    ("plex/auth/pin", {"server": "Attic"}, 400),
    ("plex/auth/check", {"pin_id": "nothing"}, 404),
    ("plex/auth/check", {"pin_id": ""}, 400),
    ("plex/auth/check", {}, 400),
]


async def test_bad_input_is_refused_in_a_sentence(house: House, linker: Linker) -> None:
    me = await admin(house)

    answers = [await me.post(path, body) for path, body, _ in BAD]

    assert [(path, body, answer.status_code) for (path, body, _), answer in zip(BAD, answers, strict=True)] == BAD
    assert {answer.headers["content-type"] for answer in answers} == {"application/problem+json"}
    assert all(answer.json()["detail"] for answer in answers)


async def test_many_servers_are_no_way_to_many_pins(plex: PlexTv, house: House, linker: Linker) -> None:
    me = await admin(house)

    answers = [await me.post("plex/auth/pin", {"server": f"Attic {number}"}) for number in range(3)]

    assert [answer.status_code for answer in answers] == [400] * 3
    assert [error["path"] for error in answers[0].json()["errors"]] == ["server"]
    assert plex.pins.open() == []


async def test_a_sign_in_is_found_under_its_own_system_only(plex: PlexTv, house: House, linker: Linker) -> None:
    me = await admin(house)
    pin = await me.begin()

    assert (await me.post("trakt/auth/check", {"pin_id": pin["pin_id"]})).status_code == 404
    assert (await house.delete(f"/api/integrations/trakt/auth/pin/{pin['pin_id']}")).status_code == 404
    assert (await me.check(pin))["status"] == "pending"


async def test_everybodys_accounts_are_for_admins(house: House, linker: Linker) -> None:
    made = (await house.post("/api/keys", {"name": "reader", "scopes": ["read"]})).json()
    reader = {"X-API-Key": made["key"]}

    everybody = await house.get("/api/integrations", all="true", headers=reader)
    nobody = await house.get("/api/integrations", headers=reader)
    begin = await house.get("/api/integrations/plex/auth/pin", headers=reader)

    assert [answer.status_code for answer in (everybody, nobody, begin)] == [403, 400, 403]


async def test_a_token_is_nowhere_but_in_the_vault(
    plex: PlexTv, place: Place, house: House, linker: Linker, said: Said, capfd: pytest.CaptureFixture[str]
) -> None:
    anna, me = plex.accounts.add("anna"), await admin(house)
    pin = await me.begin()
    canaries = [claim(plex, pin["code"], anna)]
    answers = [msgspec.json.encode(await me.settled(pin))]
    canaries.append(plex.accounts.sign_in(anna))
    answers += [
        (await me.post("plex/connect", {"token": canary})).content for canary in (canaries[1], canaries[1] + "x")
    ]
    answers += [(await me.get()).content, (await me.unlink()).content]
    await until(lambda: len(said.facts(AccountUnlinked)) == 1)

    output = capfd.readouterr()
    everything = [output.out, output.err, repr(said.messages), repr(answers), await _all_columns(place)]
    for canary in canaries:
        assert not any(canary in text for text in everything)


async def _all_columns(place: Place) -> str:
    tables = await place.rows(
        "select table_schema, table_name from information_schema.tables "
        "where table_schema in ('gateway', 'linker', 'syncer', 'requester', 'shared')"
    )
    found = [await place.rows(f'select * from "{schema}"."{name}"') for schema, name in tables]  # noqa: S608 (its own tables)
    return repr([dict(row) for rows in found for row in rows])
