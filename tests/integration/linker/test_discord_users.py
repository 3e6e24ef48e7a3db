"""An administrator says which Discord user a token belongs to, as the import of another bot's tokens does."""

from typing import Any

from shared.schemas.events import AccountLinked
from simulators.plex_tv.app import PlexTv
from tests.integration.gateway.house import House
from tests.integration.linker.linking import Linker, Person, Said, key, people
from tests.integration.service import until

HERS = "80351110224678912"


def discord_users(person: Any) -> list[tuple[str, str]]:
    return [(each["id"], each["username"]) for each in person["identities"] if each["provider"] == "discord"]


async def test_a_token_is_looked_up_and_its_account_is_the_discord_users(
    plex: PlexTv, house: House, linker: Linker, said: Said
) -> None:
    token = plex.accounts.sign_in(plex.accounts.add("anna"))

    answer = await key(house).post("plex/connect", {"token": token, "discord_id": HERS})

    assert answer.status_code == 200
    assert answer.json()["account"]["username"] == "anna"
    [person] = await people(house)
    assert discord_users(person) == [(HERS, "anna")]
    await until(lambda: len(said.facts(AccountLinked)) == 1)
    assert said.facts(AccountLinked)[0].discord_id == HERS
    assert token not in repr(said.messages)


async def test_again_is_the_same_person(plex: PlexTv, house: House, linker: Linker) -> None:
    token = plex.accounts.sign_in(plex.accounts.add("anna"))

    for _ in range(2):
        await key(house).post("plex/connect", {"token": token, "discord_id": HERS})

    assert len(await people(house)) == 1


async def test_a_token_of_nobody_makes_no_person(house: House, linker: Linker) -> None:
    answer = await key(house).post("plex/connect", {"token": "made-up", "discord_id": HERS})

    assert answer.status_code == 400
    assert "made-up" not in answer.text
    assert await people(house) == []


async def test_two_discord_users_do_not_share_an_account(plex: PlexTv, house: House, linker: Linker) -> None:
    token = plex.accounts.sign_in(plex.accounts.add("anna"))
    await key(house).post("plex/connect", {"token": token, "discord_id": HERS})
    other = plex.accounts.sign_in(plex.accounts.add("ben"))
    await key(house).post("plex/connect", {"token": other, "discord_id": "80351110224678913"})

    answer = await key(house).post("plex/connect", {"token": token, "discord_id": "80351110224678913"})

    assert answer.status_code == 409


async def test_only_an_administrator_says_who_a_discord_user_is(plex: PlexTv, house: House, linker: Linker) -> None:
    made = (await house.post("/api/keys", {"name": "writer", "scopes": ["read", "write"]})).json()
    writer = Person(house, {"X-API-Key": made["key"]})

    answer = await writer.post("plex/connect", {"token": "any", "discord_id": HERS})

    assert answer.status_code == 403
    assert "scope admin" in answer.text


async def test_odd_discord_ids_and_two_owners_are_refused(house: House, linker: Linker) -> None:
    bodies = [
        {"token": "any", "discord_id": "ada"},
        {"token": "any", "discord_id": ""},
        {"token": "any", "discord_id": HERS, "person_id": "p1"},
    ]

    answers = [await key(house).post("plex/connect", body) for body in bodies]

    assert [answer.status_code for answer in answers] == [400, 400, 400]
