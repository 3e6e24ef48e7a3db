"""A gateway for a test, and one for all tests of a file that leave nothing behind."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from shared.bus.connection import Bus, connect
from shared.schemas.secret import Secret
from tests.integration.gateway.house import House, prepared, settings


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
