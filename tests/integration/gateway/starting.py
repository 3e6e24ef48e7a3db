"""A gateway as a process of its own."""

import asyncio
import os
import resource
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from shared.keyring import new_key
from tests.integration.gateway.house import ADMIN, KEY, PASSWORD, WEBHOOK_SECRET

NOWHERE = {"DATABASE_URL": "postgresql://usher@127.0.0.1:1/usher", "NATS_URL": "nats://127.0.0.1:1"}


@asynccontextmanager
async def started(
    folder: Path,
    port: int,
    *,
    program: str = "services.gateway",
    descriptors: tuple[int, int] | None = None,
    **settings: str,
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Start one, with a soft and a hard limit of `descriptors` where these are given."""

    def limit() -> None:
        if descriptors is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, descriptors)

    environment = {
        **os.environ,  # noqa: TID251 (the test's own environment, handed on)
        "USHER_DATA_DIR": str(folder),
        "USHER_PORT": str(port),
        "USHER_ENCRYPTION_KEYS": new_key("test").reveal(),
        "USHER_ADMIN_PASSWORD": PASSWORD,
        "USHER_API_KEY": KEY,
        "USHER_WEBHOOK_SECRET": WEBHOOK_SECRET,
        **settings,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        program,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        preexec_fn=limit,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def answers(http: httpx.AsyncClient, path: str, status: int = 200) -> bool:
    try:
        return (await http.get(path, headers=ADMIN)).status_code == status
    except httpx.TransportError:
        return False
