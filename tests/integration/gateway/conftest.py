"""A gateway for a test, and one for all tests of a file that leave nothing behind."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio

from shared.bus.connection import Bus, connect
from shared.postgres import pool as postgres
from shared.postgres.pool import Pool
from shared.schemas.secret import Secret
from tests.integration.gateway.house import House, prepared, settings

ACCESS: Final = ("users", "sessions", "api_keys", "known_addresses", "login_attempts", "plex_sign_ins")
"""The tables of who may do what; each after those that it refers to. The audit is not among them: it only grows."""


@pytest.fixture
async def house(database_url: Secret, nats_url: Secret, tmp_path: Path) -> AsyncIterator[House]:
    async with prepared(settings(database_url, nats_url, tmp_path)) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def modules_house(
    modules_database_url: Secret, modules_nats_url: Secret, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    config = settings(modules_database_url, modules_nats_url, tmp_path_factory.mktemp("house"))
    async with prepared(config) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def bus_beside(modules_nats_url: Secret) -> AsyncIterator[Bus]:
    """A connection of a test's own beside `modules_house`; what answers on it ends with the test."""
    async with connect(modules_nats_url, name="test") as connected:
        yield connected


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def modules_pool(modules_house: House, modules_database_url: Secret) -> AsyncIterator[Pool]:
    """A pool beside `modules_house`, in whose database the tables of ACCESS are also kept as they were at first."""
    async with postgres.connect(modules_database_url, schema="gateway", size=4) as opened:
        for table in ACCESS:
            await opened.execute(f"create table first_{table} as table {table}")
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def restored_pool(modules_pool: Pool) -> AsyncIterator[Pool]:
    """The same for a test that changes who may do what; afterwards all is as it was."""
    yield modules_pool
    async with postgres.transaction(modules_pool) as connection:
        await connection.execute(f"truncate {', '.join(ACCESS)}")
        for table in ACCESS:
            await connection.execute(f"insert into {table} overriding system value table first_{table}")


@pytest.fixture
def restored_house(modules_house: House, restored_pool: Pool) -> House:
    """The file's gateway for a test that changes who may do what; afterwards all is as it was."""
    return modules_house
