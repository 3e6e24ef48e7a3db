"""The vault: how fast it decrypts, how long one read takes, and a key rotation while accounts are being linked.

Decryption is compared with the bare cipher, reading with a bare row. The rotation is the command that people run, in
its own process; meanwhile others read tokens, replace some and add new ones, and every value read is checked.
"""

import asyncio
import itertools
import os
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

import msgspec
import uvloop
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bench.figures import Figure, at_least, at_most, plain
from cli.embedded.postgres import EmbeddedPostgres
from cli.embedded.program import free_port
from shared.keyring import Keyring, Owner, Sealed, new_key, seal, unseal
from shared.owners import account_token
from shared.postgres import pool as postgres
from shared.postgres.migrations import migrate
from shared.postgres.pool import Pool
from shared.schemas.secret import Secret
from shared.vault import Vault
from simulators.load import percentile
from tests.integration.servers import Running, wait_for_postgres

OPENED: Final = 50_000
ROWS: Final = 100_000
READS: Final = 5_000
READERS: Final = 4
TURNS: Final = 3
OLD: Final = new_key("old")
NEW: Final = new_key("new")
_BARE: Final = """select sealed from shared.credentials
where (owner_kind, owner_id, provider, purpose) = ($1, $2, $3, $4)"""


def run() -> list[Figure]:
    """Measure all of it."""
    with tempfile.TemporaryDirectory(prefix="usher-bench-") as name, _database(Path(name)) as url:
        return [*_opening(), *uvloop.run(_reading_and_rotating(url))]


def _ring(*keys: Secret) -> Keyring:
    return Keyring.parse(Secret(",".join(key.reveal() for key in keys)))


def _owner(number: int) -> Owner:
    return account_token("plex", server="", account_id=str(number))


def _token(number: int, version: str) -> Secret:
    return Secret(f"{number}:{version}:".ljust(64, "t"))


def _opening() -> list[Figure]:
    keyring = _ring(OLD)
    rows = [(_owner(number), seal(_owner(number), _token(number, "0"), keyring)) for number in range(OPENED)]
    cipher, nonce = AESGCM(os.urandom(32)), os.urandom(12)
    bare = cipher.encrypt(nonce, _token(0, "0").reveal().encode(), b"owner")
    ours = max(_rate(lambda: [unseal(owner, sealed, keyring) for owner, sealed in rows]) for _ in range(TURNS))
    floor = max(_rate(lambda: [cipher.decrypt(nonce, bare, b"owner") for _ in rows]) for _ in range(TURNS))
    return [
        at_least("vault: credentials opened", ours, "/s", 50_000),
        plain("vault: the bare cipher", floor, "/s"),
        plain("vault: ratio to the bare cipher", ours / floor, ""),
    ]


def _rate(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return OPENED / (time.perf_counter() - began)


async def _reading_and_rotating(url: Secret) -> list[Figure]:
    async with _fill(url) as pool:
        figures = await _reading(pool)
        return [*figures, *await _rotating(pool, url)]


@asynccontextmanager
async def _fill(url: Secret) -> AsyncIterator[Pool]:
    keyring = _ring(OLD)
    async with postgres.connect(url, schema="linker", size=READERS + 2) as pool:
        await migrate(pool, schema="shared", packages=("shared",))
        async with pool.acquire() as connection:
            await connection.copy_records_to_table(
                "credentials",
                schema_name="shared",
                columns=["owner_kind", "owner_id", "provider", "purpose", "key_id", "sealed"],
                records=[_record(number, keyring) for number in range(ROWS)],
            )
            await connection.execute("vacuum analyze shared.credentials")
        yield pool


def _record(number: int, keyring: Keyring) -> tuple[object, ...]:
    sealed: Sealed = seal(_owner(number), _token(number, "0"), keyring)
    return (*msgspec.structs.astuple(_owner(number)), sealed.key_id, sealed.data)


async def _reading(pool: Pool) -> list[Figure]:
    vault, chosen = Vault(pool, _ring(OLD)), [random.randrange(ROWS) for _ in range(READS)]
    ours = [await _time_read(vault, number) for number in chosen]
    bare = []
    for number in chosen:
        began = time.perf_counter()
        async with pool.acquire() as connection:
            await connection.fetchrow(_BARE, *msgspec.structs.astuple(_owner(number)))
        bare.append(time.perf_counter() - began)
    return [
        at_most("vault: p95 of one read and opened", percentile(ours, 0.95) * 1000, "ms", 2),
        plain("vault: p95 of a bare row", percentile(bare, 0.95) * 1000, "ms"),
    ]


async def _time_read(vault: Vault, number: int) -> float:
    """Read a token and check it; return how long that took."""
    began = time.perf_counter()
    secret = await vault.get(_owner(number))
    took = time.perf_counter() - began
    if secret is None or not secret.reveal().startswith(f"{number}:"):
        raise AssertionError(f"the token of {number} is not what was put")
    return took


async def _rotating(pool: Pool, url: Secret) -> list[Figure]:
    vault, done = Vault(pool, _ring(NEW, OLD)), asyncio.Event()
    reads: list[float] = []
    writes = itertools.count()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(READERS):
            tasks.create_task(_read_until(done, vault, reads))
        tasks.create_task(_link_until(done, vault, writes))
        began = time.perf_counter()
        await _rotate(url)
        took = time.perf_counter() - began
        done.set()
    left = sum(use.rows for use in await vault.status() if not use.is_first)
    return [
        plain(f"vault: rotation of {ROWS} rows", took, "s"),
        plain("vault: rows rotated", ROWS / took, "/s"),
        plain("vault: reads meanwhile, none failed", len(reads), "reads"),
        plain("vault: p95 of a read meanwhile", percentile(reads, 0.95) * 1000, "ms"),
        plain("vault: links meanwhile", next(writes), "links"),
        at_most("vault: rows left under the old key", left, "rows", 0),
    ]


async def _read_until(done: asyncio.Event, vault: Vault, reads: list[float]) -> None:
    while not done.is_set():
        reads.append(await _time_read(vault, random.randrange(ROWS)))


async def _link_until(done: asyncio.Event, vault: Vault, writes: "itertools.count[int]") -> None:
    """Replace a token and add one, in turn, 200 a second at most."""
    while not done.is_set():
        turn = next(writes)
        number = random.randrange(ROWS) if turn % 2 else ROWS + turn
        await vault.put(_owner(number), _token(number, str(turn)))
        await asyncio.sleep(0.005)


async def _rotate(url: Secret) -> None:
    settings = {"DATABASE_URL": url.reveal(), "USHER_ENCRYPTION_KEYS": f"{NEW.reveal()},{OLD.reveal()}"}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "cli",
        "keys",
        "rotate",
        env={**os.environ, **settings},  # noqa: TID251 (the benchmark's own environment, handed on)
    )
    if await process.wait() != 0:
        raise AssertionError("the rotation failed")


@contextmanager
def _database(folder: Path) -> Iterator[Secret]:
    server = EmbeddedPostgres(folder / "postgres", port=free_port())
    server.prepare()
    running = Running(server.program, folder / "postgres.log")
    wait_for_postgres(server.url)
    try:
        yield server.url
    finally:
        running.stop()
