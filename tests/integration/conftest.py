"""The servers of a test session, and what a test needs of them: a fresh database, a JetStream without messages."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import nats
import pytest
import pytest_asyncio

from cli.embedded.nats import EmbeddedNats
from cli.embedded.postgres import EmbeddedPostgres
from cli.embedded.program import free_port
from shared.bus.connection import Bus, connect
from shared.postgres import pool as postgres
from shared.postgres.migrations import migrate, packages_of
from shared.postgres.pool import Pool
from shared.schemas.identifiers import random_id
from shared.schemas.secret import Secret
from tests.integration.servers import Running, external_nats, external_postgres, wait_for_nats, wait_for_postgres
from tests.small_disk import SmallDisk, mounted

SERVICES = ("gateway", "linker", "syncer", "requester")
SMALL_DISK = 160 * 1024 * 1024
SERVERS = frozenset(("postgres_url", "shared_nats_url"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With external servers, leave out tests that need none of them: those run elsewhere."""
    if external_postgres() is None:
        return
    left_out = [item for item in items if SERVERS.isdisjoint(getattr(item, "fixturenames", ()))]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in set(left_out)]


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[Secret]:
    """An administrator's address of a PostgreSQL: embedded, or of USHER_TEST_DATABASE_URL."""
    if (url := external_postgres()) is not None:
        yield url
        return
    # Not in pytest's own folder: under root, another run of pytest closes that to the server's user.
    with tempfile.TemporaryDirectory(prefix="usher-postgres-") as name:
        folder = Path(name)
        server = EmbeddedPostgres(folder, port=free_port())
        server.prepare()
        running = Running(server.program, folder / "log")
        wait_for_postgres(server.url)
        yield server.url
        running.stop()


@pytest.fixture(scope="session")
def template(postgres_url: Secret) -> str:
    """The name of a database in which all migrations have run; tests copy it."""
    return asyncio.run(_make_template(postgres_url))


async def _make_template(url: Secret) -> str:
    name = f"template_{random_id()[:8]}"
    await _execute(url, f'create database "{name}"')
    for service in SERVICES:
        async with postgres.connect(_database(url, name), schema=service, size=1) as pool:
            await migrate(pool, schema="shared", packages=("shared",))
            await migrate(pool, schema=service, packages=packages_of(service))
    return name


@asynccontextmanager
async def _new_database(postgres_url: Secret, template: str) -> AsyncIterator[Secret]:
    name = f"test_{random_id()[:12]}"
    await _execute(postgres_url, f'create database "{name}" template "{template}" strategy file_copy')
    yield _database(postgres_url, name)
    await _execute(postgres_url, f'drop database "{name}" with (force)')


@pytest.fixture
async def database_url(postgres_url: Secret, template: str) -> AsyncIterator[Secret]:
    """The address of a database for this test alone, with all tables and no rows."""
    async with _new_database(postgres_url, template) as url:
        yield url


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def modules_database_url(postgres_url: Secret, template: str) -> AsyncIterator[Secret]:
    """The same for a whole file, whose tests leave nothing behind."""
    async with _new_database(postgres_url, template) as url:
        yield url


@pytest.fixture
async def pool(database_url: Secret, request: pytest.FixtureRequest) -> AsyncIterator[Pool]:
    """A pool in the schema of the service that the test's folder is named for (linker elsewhere)."""
    folder = Path(str(request.path)).parent.name
    async with postgres.connect(database_url, schema=folder if folder in SERVICES else "linker", size=4) as opened:
        yield opened


@pytest.fixture(scope="session")
def nats_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("nats")


@pytest.fixture(scope="session")
def shared_nats_url(nats_folder: Path) -> Iterator[Secret]:
    """A nats-server for the whole session: embedded, or of USHER_TEST_NATS_URLS."""
    if (url := external_nats()) is not None:
        yield url
        return
    server = EmbeddedNats(nats_folder, port=free_port())
    server.prepare()
    running = Running(server.program, nats_folder / "log")
    wait_for_nats(server.url)
    yield server.url
    running.stop()


@pytest.fixture
async def nats_url(shared_nats_url: Secret) -> AsyncIterator[Secret]:
    """The session's nats-server, without streams before and after."""
    await _delete_streams(shared_nats_url)
    yield shared_nats_url
    await _delete_streams(shared_nats_url)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def modules_nats_url(shared_nats_url: Secret) -> AsyncIterator[Secret]:
    """The same for a whole file; its tests use no `nats_url`, which would delete the streams under them."""
    await _delete_streams(shared_nats_url)
    yield shared_nats_url
    await _delete_streams(shared_nats_url)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def modules_bus(modules_nats_url: Secret) -> AsyncIterator[Bus]:
    async with connect(modules_nats_url, name="test") as connected:
        yield connected


@pytest.fixture
async def bus(nats_url: Secret) -> AsyncIterator[Bus]:
    async with connect(nats_url, name="test") as connected:
        yield connected


@pytest.fixture
def own_nats(tmp_path: Path) -> Iterator[tuple[Running, Secret]]:
    """A nats-server for this test alone, to kill and freeze."""
    server = EmbeddedNats(tmp_path / "nats", port=free_port())
    server.prepare()
    running = Running(server.program, tmp_path / "nats.log")
    wait_for_nats(server.url)
    yield running, server.url
    running.stop()


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    """A small file system, for a test that fills it."""
    try:
        with mounted(size=SMALL_DISK) as disk:
            yield disk
    except PermissionError as exc:
        pytest.skip(f"needs a small file system, and this user may mount none: {exc}")


async def _delete_streams(url: Secret) -> None:
    client = await nats.connect(url.reveal())
    stream = client.jetstream()
    for info in await stream.streams_info():
        with contextlib.suppress(nats.errors.TimeoutError):
            await stream.delete_stream(info.config.name or "")
    await client.close()


async def _execute(url: Secret, statement: str) -> None:
    connection = await asyncpg.connect(url.reveal())
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _database(url: Secret, name: str) -> Secret:
    return Secret(urlunsplit(urlsplit(url.reveal())._replace(path=f"/{name}")))
