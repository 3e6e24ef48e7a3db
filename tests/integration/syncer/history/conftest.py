"""A syncer for each test."""

from collections.abc import AsyncIterator

import pytest

from shared.bus.connection import Bus
from shared.schemas.secret import Secret
from tests.integration.syncer.history.house import House, open_house


@pytest.fixture
async def house(bus: Bus, database_url: Secret) -> AsyncIterator[House]:
    async with open_house(bus, database_url) as house:
        yield house
