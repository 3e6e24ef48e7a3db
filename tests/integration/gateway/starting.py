"""A gateway as its own process."""

import asyncio
import os
import shlex
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
    folder: Path, port: int, *, program: str = "services.gateway", ulimit: str = "", **settings: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Start a gateway, with the limits of a shell's `ulimit`."""
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
    command = f"exec {shlex.join((sys.executable, '-m', program))}"
    process = await asyncio.create_subprocess_exec(
        "sh",
        "-c",
        f"ulimit {ulimit} && {command}" if ulimit else command,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
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
