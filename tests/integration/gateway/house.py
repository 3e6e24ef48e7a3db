"""A complete gateway in the test's process, on the test's database and JetStream, used over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
from argon2 import PasswordHasher

from services.gateway import process
from services.gateway.access.passwords import Passwords
from services.gateway.events.feed import MOST_WATCHERS
from services.gateway.process import Process
from services.gateway.settings import Settings
from shared.keyring import new_key
from shared.schemas.secret import Secret
from tests.integration.service import until

PASSWORD = "canary-password-of-the-admin"
KEY = "usha_canary-of-the-first-api-key-aaaaaaaaaaaaaaa"
WEBHOOK_SECRET = "ushw_canary-of-the-webhook-secret-aaaaaaaaaaaa"
ADMIN = {"X-API-Key": KEY}
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
TLS = httpx.create_ssl_context(trust_env=False)
"""Made once: making it takes longer than most tests, and nothing here uses TLS."""

LIMITS = httpx.Limits(max_connections=MOST_WATCHERS + 50)


def settings(database_url: Secret, nats_url: Secret, folder: Path, **others: Any) -> Settings:
    values: dict[str, Any] = {
        "database_url": database_url,
        "nats_url": nats_url,
        "usher_encryption_keys": new_key("test"),
        "usher_data_dir": str(folder),
        "usher_host": "127.0.0.1",
        "usher_port": 0,
        "usher_public_url": "http://usher.test",
        "usher_admin_password": Secret(PASSWORD),
        "usher_api_key": Secret(KEY),
        "usher_webhook_secret": Secret(WEBHOOK_SECRET),
    }
    return Settings(**{**values, **others})


class House:
    """A running gateway, and ways to use it."""

    def __init__(self, gateway: Process, http: httpx.AsyncClient) -> None:
        self.gateway = gateway
        self.http = http

    async def get(self, path: str, *, headers: Any = None, **params: Any) -> httpx.Response:
        return await self.http.get(path, params=params, headers=ADMIN if headers is None else headers)

    async def post(self, path: str, body: Any = None, *, headers: dict[str, str] | None = None) -> httpx.Response:
        content = b"" if body is None else msgspec.json.encode(body)
        sent = {**(ADMIN if headers is None else headers), **({"Content-Type": "application/json"} if content else {})}
        return await self.http.post(path, content=content, headers=sent)

    async def delete(self, path: str, *, headers: dict[str, str] | None = None) -> httpx.Response:
        return await self.http.delete(path, headers=ADMIN if headers is None else headers)

    async def webhook(self, source: str, payload: Any, *, token: str = WEBHOOK_SECRET) -> httpx.Response:
        return await self.http.post(f"/webhooks/{source}", params={"token": token}, json=payload)

    async def is_prepared(self) -> bool:
        return (await self.get("/api/auth/verify")).status_code == 200


@asynccontextmanager
async def open_house(config: Settings, *, passwords: Passwords | None = None) -> AsyncIterator[House]:
    """Start a gateway, and stop it as a signal would."""
    async with (
        process.open_process(config, passwords=passwords or Passwords(QUICK)) as gateway,
        asyncio.TaskGroup() as tasks,
    ):
        running = tasks.create_task(gateway.run())
        address = f"http://127.0.0.1:{gateway.port}"
        async with httpx.AsyncClient(base_url=address, timeout=20, verify=TLS, limits=LIMITS) as http:
            try:
                yield House(gateway, http)
            finally:
                await gateway.finish()
                running.cancel()


@asynccontextmanager
async def prepared(config: Settings, *, passwords: Passwords | None = None) -> AsyncIterator[House]:
    """Start a gateway, and wait until it answers questions."""
    async with open_house(config, passwords=passwords) as house:
        await until(house.is_prepared)
        yield house
