"""Forgetting a person, over REST, with a gateway, a linker and a syncer at work."""

import asyncio
import json
from typing import Any

import asyncpg
import httpx

from simulators.plex_tv.app import PlexTv
from simulators.senders import jellyfin_stop
from tests.integration.gateway.house import ADMIN, House
from tests.integration.linker.linking import Linker, Place, claim, key
from tests.integration.linker.town import Town
from tests.integration.service import until


async def everything(place: Place) -> str:
    """Return all rows of the services, but for messages on their way, the audit, and webhooks as they came in."""
    connection = await asyncpg.connect(place.database_url.reveal())
    try:
        tables = await connection.fetch(
            """select schemaname, tablename from pg_tables where schemaname in ('linker', 'syncer', 'gateway')
            and tablename not in ('inbox', 'outbox', 'events', 'audit')"""
        )
        rows = []
        for table in tables:
            name = f"{table['schemaname']}.{table['tablename']}"
            rows += [f"{name}: {dict(row)}" for row in await connection.fetch(f"select * from {name}")]  # noqa: S608 (a table's name)
        return "\n".join(rows)
    finally:
        await connection.close()


async def forget(house: House, person_id: str) -> httpx.Response:
    return await house.delete(f"/api/people/{person_id}")


async def settings_of(house: House, name: str) -> int:
    return (await house.get(f"/api/users/{name}/settings")).status_code


async def test_a_person_who_is_forgotten_leaves_nothing_but_that_it_happened(
    town: Town, plex: PlexTv, place: Place, linker: Linker
) -> None:
    house = town.house
    ada = await town.claim(await town.play("jellyfin", jellyfin_stop(1, user="jelly-canary")), name="ada-canary")
    ben = await town.claim(await town.play("jellyfin", jellyfin_stop(2, user="merged-canary")), name="ben-canary")
    await town.merge(ada, ben)
    await town.until_plays_of("ada-canary", "ada-canary")
    await key(house, ada["id"]).sign_in(plex, plex.accounts.add("plex-canary"))
    open_sign_in = await key(house, ada["id"]).begin()
    made = (await house.post("/api/keys", {"name": "k", "scopes": ["self"], "person_id": ben["id"]})).json()
    hers = {"X-API-Key": made["key"]}
    password = {"immune": True, "password": "a-password-of-theirs"}
    for name in ("ada-canary", "somebody-else"):
        await house.http.put(f"/api/users/{name}/settings", json=password, headers=ADMIN)
    assert (await house.get(f"/api/people/{ada['id']}", headers=hers)).status_code == 200

    answer = await forget(house, ada["id"])

    assert (answer.status_code, answer.json()) == (200, {"person_id": ada["id"], "remaining_seerr_user_id": None})
    await town.until_plays_of()

    async def is_key_gone() -> bool:
        return (await house.get("/api/keys", headers=hers)).status_code == 401

    async def are_settings_gone() -> bool:
        return await settings_of(house, "ada-canary") == 404

    await until(is_key_gone)
    await until(are_settings_gone)
    assert (await key(house).check(open_sign_in))["status"] == 404
    assert [owner.kind for owner in await linker.vault.owners() if owner.kind != "webhook_secret"] == ["user"]
    assert await settings_of(house, "somebody-else") == 200
    assert "canary" not in (await everything(place)).replace("canary-of-the-webhook-secret", "")
    audit = (await house.get("/api/audit")).text
    assert f'"person.forgotten","object":"{ada["id"]}"' in audit


async def test_what_comes_in_later_from_the_same_account_is_unclaimed(town: Town) -> None:
    seen = await town.play("jellyfin", jellyfin_stop(1))
    ada = await town.claim(seen, name="Ada")
    await town.until_plays_of("Ada")
    await forget(town.house, ada["id"])
    await town.until_plays_of()

    again = await town.play("jellyfin", jellyfin_stop(2))
    await town.until_plays_of(None)
    await town.claim(again, name="Ada again")

    assert again["account_id"] == seen["account_id"]
    await town.until_plays_of("Ada again")


async def test_forgetting_twice_is_once_and_nobody_is_not_found(town: Town) -> None:
    ada = await town.claim(await town.play("jellyfin", jellyfin_stop(1)), name="Ada")

    first, second = await asyncio.gather(forget(town.house, ada["id"]), forget(town.house, ada["id"]))
    third = await forget(town.house, ada["id"])

    assert first.json() == second.json() == third.json()
    assert {first.status_code, second.status_code, third.status_code} == {200}
    assert (await forget(town.house, "nobody")).status_code == 404
    assert (await town.house.get(f"/api/people/{ada['id']}")).status_code == 404


async def test_a_claim_at_the_same_moment_leaves_no_half_person(town: Town, place: Place) -> None:
    ada = await town.claim(await town.play("jellyfin", jellyfin_stop(1)), name="Ada")
    other = await town.play("jellyfin", jellyfin_stop(2, user="other"))

    await town.until_plays_of("Ada", None)

    await asyncio.gather(town.claim(other, ada["id"]), forget(town.house, ada["id"]))

    async def persons_of_plays() -> list[Any]:
        return [each["person"] for each in (await town.house.get("/api/history")).json()["items"]]

    async def is_forgotten() -> bool:
        return not any(await persons_of_plays())

    async def has_plays() -> bool:
        return bool(await persons_of_plays())

    await until(is_forgotten)
    await town.house.webhook("jellyfin", json.loads(jellyfin_stop(3, user="other")))
    await until(has_plays)
    assert not any(await persons_of_plays())
    assert await place.rows("select 1 from identities") == []
    assert await place.rows("select 1 from seen_accounts where person_id is not null") == []


async def test_a_sign_in_at_the_same_moment_leaves_no_half_person(
    town: Town, plex: PlexTv, place: Place, linker: Linker
) -> None:
    ada = await town.claim(await town.play("jellyfin", jellyfin_stop(1)), name="Ada")
    hers, account = key(town.house, ada["id"]), plex.accounts.add("ada-at-plex")
    pin = await hers.begin()
    claim(plex, pin["code"], account)

    _, answer = await asyncio.gather(hers.check(pin), forget(town.house, ada["id"]))

    assert answer.status_code == 200
    assert (await town.house.get(f"/api/people/{ada['id']}")).status_code == 404
    for table in ("persons", "identities", "connections", "sign_ins"):
        assert await place.rows(f"select 1 from {table}") == []  # noqa: S608 (constants)
    assert [owner for owner in await linker.vault.owners() if owner.kind in {"account", "sign_in"}] == []
