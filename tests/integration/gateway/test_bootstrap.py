"""The first start, and those after it."""

import asyncio
import re
from pathlib import Path

import pytest

from shared.postgres.pool import Pool
from shared.schemas.secret import Secret
from tests.integration.gateway.house import House, open_house, prepared, settings
from tests.integration.service import until

NOTHING = {"usher_admin_password": Secret(""), "usher_api_key": Secret(""), "usher_webhook_secret": Secret("")}


def shown(text: str, pattern: str) -> str:
    found = re.findall(pattern, text)
    assert len(found) == 1, text
    return str(found[0])


async def is_prepared(house: House) -> bool:
    return (await house.get("/api/auth/verify", headers={})).status_code == 401


async def test_what_is_generated_is_shown_once_and_works(
    database_url: Secret, nats_url: Secret, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = settings(database_url, nats_url, tmp_path, **NOTHING)
    async with open_house(config) as house:
        await until(lambda: is_prepared(house))
        text = capsys.readouterr().out
        password = shown(text, r"Password +(\S+)")
        key = shown(text, r"API key +(usha_\S+)")
        token = shown(text, r"http://usher.test/webhooks/plex\?token=(ushw_\S+)")

        login = await house.post("/api/auth/login", {"username": "admin", "password": password}, headers={})
        assert login.status_code == 200
        assert (await house.get("/api/keys", headers={"X-API-Key": key})).status_code == 200
        assert (await house.webhook("jellyfin", {"NotificationType": "x"}, token=token)).status_code == 202
    assert password not in capsys.readouterr().out

    async with open_house(config) as house:
        await until(lambda: is_prepared(house))
        again = capsys.readouterr().out
    assert not any(secret in again for secret in (password, key, token, "Password"))


async def test_of_several_replicas_that_start_at_once_one_generates(
    database_url: Secret, nats_url: Secret, tmp_path: Path, pool: Pool, capsys: pytest.CaptureFixture[str]
) -> None:
    first = settings(database_url, nats_url, tmp_path / "1", **NOTHING)
    others = [
        settings(
            database_url,
            nats_url,
            tmp_path / str(number),
            usher_encryption_keys=first.usher_encryption_keys,
            **NOTHING,
        )
        for number in (2, 3)
    ]

    async def start(config: object) -> None:
        async with open_house(config) as house:  # type: ignore[arg-type]
            await until(lambda: is_prepared(house))

    await asyncio.gather(*(start(config) for config in (first, *others)))

    assert capsys.readouterr().out.count("Password") == 1
    counts = await pool.fetchrow(
        "select (select count(*) from users), (select count(*) from api_keys), (select count(*) from webhook_secrets)"
    )
    assert counts is not None
    assert tuple(counts) == (1, 1, 1)


async def test_a_later_start_adds_what_the_settings_name_and_keeps_the_rest(
    database_url: Secret, nats_url: Secret, tmp_path: Path, pool: Pool
) -> None:
    first = settings(database_url, nats_url, tmp_path)
    async with prepared(first):
        pass
    new_key, new_secret = "usha_another-key-from-the-settings", "ushw_another-secret-from-the-settings"
    config = settings(
        database_url,
        nats_url,
        tmp_path,
        usher_encryption_keys=first.usher_encryption_keys,
        usher_api_key=Secret(new_key),
        usher_webhook_secret=Secret(new_secret),
        usher_admin_password=Secret("another password altogether"),
        usher_local_api_key=Secret("usha_of-the-command-line-on-this-host"),
    )

    async with prepared(config) as house:  # prepared by asking with the first key
        for key in (new_key, "usha_of-the-command-line-on-this-host"):
            assert (await house.get("/api/keys", headers={"X-API-Key": key})).status_code == 200
        assert (await house.webhook("jellyfin", {"NotificationType": "x"}, token=new_secret)).status_code == 202
        assert (await house.webhook("jellyfin", {"NotificationType": "x"})).status_code == 202
        refused = await house.post(
            "/api/auth/login", {"username": "admin", "password": "another password altogether"}, headers={}
        )
        assert refused.status_code == 401
    async with prepared(config):
        pass

    assert await pool.fetchval("select count(*) from api_keys") == 3
    assert await pool.fetchval("select count(*) from webhook_secrets") == 2


async def test_a_deleted_secret_is_not_generated_again(
    database_url: Secret, nats_url: Secret, tmp_path: Path, pool: Pool
) -> None:
    config = settings(database_url, nats_url, tmp_path, usher_webhook_secret=Secret(""))
    async with prepared(config) as house:
        [secret] = (await house.get("/api/webhooks/secrets")).json()["items"]
        await house.delete(f"/api/webhooks/secrets/{secret['id']}")

    async with prepared(config):
        pass

    assert await pool.fetchval("select count(*) from webhook_secrets") == 0
