"""Every service ends at once with one line if it lacks the keys of its stored secrets."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from cli.embedded.program import free_port
from shared.keyring import Keyring, Owner, new_key
from shared.postgres.pool import Pool
from shared.schemas.secret import Secret
from shared.vault import Vault

OWNER = Owner(kind="server", id="s1", provider="seerr", purpose="api_key")
SERVICES = ("gateway", "linker", "syncer", "requester")


@pytest.fixture
async def sealed(pool: Pool) -> None:
    await Vault(pool, Keyring.parse(new_key("old"))).put(OWNER, Secret("canary"))


@pytest.mark.usefixtures("sealed")
@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    ("key_id", "line"),
    [
        ("new", "USHER_ENCRYPTION_KEYS lacks keys that are in use: old (1 credentials)"),
        (
            "old",
            "USHER_ENCRYPTION_KEYS: the key old opens nothing of what was sealed under this id: is it another key?",
        ),
    ],
)
async def test_a_key_in_use_that_is_missing_or_another_ends_a_service(
    database_url: Secret, nats_url: Secret, tmp_path: Path, service: str, key_id: str, line: str
) -> None:
    environment = {
        **os.environ,  # noqa: TID251 (the test's own environment, handed on)
        "DATABASE_URL": database_url.reveal(),
        "NATS_URL": nats_url.reveal(),
        "USHER_ENCRYPTION_KEYS": new_key(key_id).reveal(),
        "USHER_DATA_DIR": str(tmp_path),
        "USHER_PORT": str(free_port()),
    }

    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", f"services.{service}", env=environment, stdout=PIPE, stderr=PIPE
    )
    async with asyncio.timeout(60):
        _, errors = await process.communicate()

    assert (process.returncode, errors.decode()) == (2, f"usher {service}: {line}\n")
