"""Webhook secrets: created, copied, rotated, removed, on every replica."""

import asyncio
from pathlib import Path

from shared.postgres.pool import Pool
from shared.schemas.secret import Secret
from tests.integration.gateway.house import KEY, PASSWORD, WEBHOOK_SECRET, House, open_house, prepared, settings
from tests.integration.service import until

PAYLOAD = {"NotificationType": "PlaybackStop"}


async def token_of(house: House, **wanted: str) -> tuple[str, str]:
    made = (await house.post("/api/webhooks/secrets", wanted)).json()
    [first, *_] = made["addresses"]
    return made["id"], first["url"].partition("?token=")[2]


async def opens(house: House, token: str, source: str = "jellyfin") -> bool:
    return (await house.webhook(source, PAYLOAD, token=token)).status_code == 202


async def test_a_new_secret_opens_beside_the_old_one(house: House) -> None:
    _, token = await token_of(house)

    assert await opens(house, token)
    assert await opens(house, WEBHOOK_SECRET)


async def test_many_new_secrets_at_once_all_open_when_they_are_answered(house: House) -> None:
    async def made_and_opens() -> bool:
        _, token = await token_of(house)
        return await opens(house, token)

    assert await asyncio.gather(*(made_and_opens() for _ in range(20))) == [True] * 20


async def test_a_dropped_secret_opens_no_more(house: House) -> None:
    secret_id, token = await token_of(house)
    assert await opens(house, token)

    assert (await house.delete(f"/api/webhooks/secrets/{secret_id}")).status_code == 204

    assert not await opens(house, token)
    assert (await house.delete(f"/api/webhooks/secrets/{secret_id}")).status_code == 404


async def test_a_secret_of_one_source_opens_no_other(house: House) -> None:
    _, token = await token_of(house, source="emby")

    assert await opens(house, token, "emby")
    assert not await opens(house, token, "jellyfin")


async def test_an_event_names_the_server_of_its_secret(house: House) -> None:
    _, token = await token_of(house, source="jellyfin", server="living room")
    assert await opens(house, token)

    async def named() -> bool:
        return bool((await house.get("/api/events", server="living room")).json()["total"])

    await until(named)


async def test_admins_see_the_addresses_and_readers_do_not(house: House) -> None:
    reader = {"X-API-Key": (await house.post("/api/keys", {"name": "r", "scopes": ["write"]})).json()["key"]}

    for_admin = (await house.get("/api/webhooks/secrets")).json()["items"]
    for_reader = await house.get("/api/webhooks/secrets", headers=reader)

    assert [address["url"] for address in for_admin[0]["addresses"]] == [
        f"http://usher.test/webhooks/{source}?token={WEBHOOK_SECRET}"
        for source in ("plex", "jellyfin", "emby", "seerr", "tautulli")
    ]
    assert for_reader.json()["items"][0]["addresses"] is None
    assert WEBHOOK_SECRET not in for_reader.text


async def test_the_database_holds_no_secret_in_clear(house: House, pool: Pool) -> None:
    await house.get("/api/webhooks/secrets")

    tables = await pool.fetch("select schemaname || '.' || tablename as name from pg_tables where tableowner = user")
    for table in tables:
        rows = await pool.fetch(f"select t::text as row from {table['name']} t")  # noqa: S608
        for secret in (WEBHOOK_SECRET, PASSWORD, KEY):
            hidden = all(form not in row["row"] for row in rows for form in (secret, secret.encode().hex()))
            assert hidden, table["name"]


async def test_other_replicas_hear_of_a_new_secret(database_url: Secret, nats_url: Secret, tmp_path: Path) -> None:
    keys = settings(database_url, nats_url, tmp_path).usher_encryption_keys
    one = settings(database_url, nats_url, tmp_path / "one", usher_encryption_keys=keys)
    two = settings(database_url, nats_url, tmp_path / "two", usher_encryption_keys=keys)
    async with prepared(one) as first, prepared(two) as second:
        _, token = await token_of(first)

        await until(lambda: opens(second, token))


async def test_the_secrets_are_known_after_a_restart_without_postgres(
    database_url: Secret, nats_url: Secret, tmp_path: Path
) -> None:
    async with prepared(settings(database_url, nats_url, tmp_path)):
        pass

    nowhere = Secret("postgresql://usher@127.0.0.1:1/usher")
    async with open_house(settings(nowhere, nats_url, tmp_path)) as house:
        assert await opens(house, WEBHOOK_SECRET)
        assert not await opens(house, "ushw_something-else-altogether")


async def test_a_wrong_wish_is_refused(house: House) -> None:
    for body in ({"source": "netflix"}, {"server": ""}, {"server": "a\x00"}, {"token": "mine"}, 7):
        assert (await house.post("/api/webhooks/secrets", body)).status_code == 400, body


async def test_secrets_are_in_the_audit_by_id(house: House) -> None:
    secret_id, token = await token_of(house)
    await house.delete(f"/api/webhooks/secrets/{secret_id}")

    audit = await house.get("/api/audit")

    assert [entry["action"] for entry in audit.json()["items"]] == ["webhook_secret.deleted", "webhook_secret.created"]
    assert token not in audit.text
