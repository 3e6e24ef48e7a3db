"""A gateway for a test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.schemas.secret import Secret
from tests.integration.gateway.house import House, prepared, settings


@pytest.fixture
async def house(database_url: Secret, nats_url: Secret, tmp_path: Path) -> AsyncIterator[House]:
    async with prepared(settings(database_url, nats_url, tmp_path)) as running:
        yield running
