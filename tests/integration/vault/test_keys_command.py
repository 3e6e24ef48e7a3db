"""`usher keys` as a process, against a real database."""

import asyncio
import os
import sys
from pathlib import Path

import asyncpg
import msgspec
import pytest

from shared.keyring import Keyring, Owner, new_key
from shared.postgres.pool import Pool
from shared.schemas.secret import Secret
from shared.vault import Vault

REPOSITORY = Path(__file__).parents[3]
OLD, NEW = new_key("old"), new_key("new")


class Ended(msgspec.Struct, frozen=True):
    status: int
    out: str
    err: str


class Command:
    """Runs `usher keys …` in an empty folder with these variables and no others."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self._folder = folder
        self._variables = {"PYTHONPATH": str(REPOSITORY), "PATH": os.defpath, **variables}

    async def __call__(self, *arguments: str) -> Ended:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-c", "from cli.keys import app; app()", *arguments),
            cwd=self._folder,
            env=self._variables,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert process.returncode is not None
        return Ended(process.returncode, out.decode(), err.decode())


def both(*keys: Secret) -> str:
    return ",".join(key.reveal() for key in keys)


async def fill(pool: Pool, rows: int, *, key: Secret = OLD) -> None:
    vault = Vault(pool, Keyring.parse(key))
    for number in range(rows):
        await vault.put(Owner(kind="person", id=f"p{number}", provider="plex", purpose="token"), Secret("canary"))


async def test_status_counts_and_names_the_keys(database_url: Secret, pool: Pool, tmp_path: Path) -> None:
    await fill(pool, 7)
    usher_keys = Command(tmp_path, DATABASE_URL=database_url.reveal(), USHER_ENCRYPTION_KEYS=both(NEW, OLD))

    table, data = await usher_keys("status"), await usher_keys("status", "--json")

    assert (table.status, data.status) == (0, 0)
    assert "old" in table.out
    assert msgspec.json.decode(data.out) == {
        "keys": [
            {"key_id": "new", "rows": 0, "is_held": True, "is_first": True},
            {"key_id": "old", "rows": 7, "is_held": True, "is_first": False},
        ]
    }


async def test_status_fails_where_a_key_is_missing(database_url: Secret, pool: Pool, tmp_path: Path) -> None:
    await fill(pool, 1)
    usher_keys = Command(tmp_path, DATABASE_URL=database_url.reveal(), USHER_ENCRYPTION_KEYS=both(NEW))

    ended = await usher_keys("status")

    assert ended.status == 1
    assert "no: missing" in ended.out
    assert "lacks keys that are in use: old" in ended.err


async def test_rotate_seals_anew_and_prints_what_it_did(database_url: Secret, pool: Pool, tmp_path: Path) -> None:
    await fill(pool, 12)
    usher_keys = Command(tmp_path, DATABASE_URL=database_url.reveal(), USHER_ENCRYPTION_KEYS=both(NEW, OLD))

    first, again = await usher_keys("rotate", "--batch", "5"), await usher_keys("rotate", "--json")

    assert (first.status, first.out) == (0, "12 credentials are sealed anew.\n")
    assert msgspec.json.decode(again.out) == {"rotated": 0, "failed": 0, "failures": []}
    await Vault(pool, Keyring.parse(NEW)).verify()


async def test_rotate_fails_where_a_row_does_not_open(database_url: Secret, pool: Pool, tmp_path: Path) -> None:
    await fill(pool, 2)
    usher_keys = Command(tmp_path, DATABASE_URL=database_url.reveal(), USHER_ENCRYPTION_KEYS=both(NEW))

    ended = await usher_keys("rotate")

    assert ended.status == 1
    assert "2 credentials could not be opened" in ended.err
    assert "token of person p1 for plex: The encryption key old" in ended.err


async def test_what_usher_run_left_in_its_folder_is_used(database_url: Secret, pool: Pool, tmp_path: Path) -> None:
    await fill(pool, 3)
    for path, text in (("data/run/database_url", database_url.reveal()), ("data/secrets/encryption_keys", both(OLD))):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text(text + "\n")

    ended = await Command(tmp_path)("status", "--json")

    assert ended.status == 0
    assert '"rows":3' in ended.out


async def test_a_folder_where_usher_never_ran_is_used_wrongly(tmp_path: Path) -> None:
    ended = await Command(tmp_path)("status")

    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith("DATABASE_URL is not set and Usher has never been started with its data in data: ")


@pytest.mark.parametrize(
    ("address", "keys", "status", "says"),
    [
        ("postgresql://127.0.0.1:1/usher", "", 1, "The database does not answer"),
        ("postgresql:///usher?host=/nonexistent", "", 1, "The database does not answer"),
        ("http://127.0.0.1", "", 2, "DATABASE_URL is not a PostgreSQL address"),
        ("postgresql://canary:canary@127.0.0.1:port/x", "", 2, "DATABASE_URL is not a PostgreSQL address"),
        ("postgresql://127.0.0.1:1/usher", "canary", 2, "USHER_ENCRYPTION_KEYS: key 1 is not id:base64"),
    ],
)
async def test_what_is_wrong_is_one_line_without_secrets(
    tmp_path: Path, address: str, keys: str, status: int, says: str
) -> None:
    usher_keys = Command(tmp_path, DATABASE_URL=address, USHER_ENCRYPTION_KEYS=keys or both(OLD))

    for arguments in (["status"], ["rotate"]):
        ended = await usher_keys(*arguments)
        assert ended.status == status
        assert says in ended.err
        assert "canary" not in ended.err
        assert len(ended.err.strip().splitlines()) == 1


async def test_a_database_without_a_vault_is_told(database_url: Secret, tmp_path: Path) -> None:
    connection = await asyncpg.connect(database_url.reveal())
    await connection.execute("drop schema shared cascade")
    await connection.close()

    ended = await Command(tmp_path, DATABASE_URL=database_url.reveal(), USHER_ENCRYPTION_KEYS=both(OLD))("status")

    assert ended.status == 1
    assert "no vault yet" in ended.err
