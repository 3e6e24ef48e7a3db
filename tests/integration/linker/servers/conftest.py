"""An Usher with servers around it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.bus.connection import Bus
from shared.schemas.secret import Secret
from shared.settings import UpstreamSettings
from tests.integration.linker.servers.linkers import Place
from tests.integration.linker.servers.stand_ins import Street, opened
from tests.integration.linker.servers.surroundings import Estate, estate


@pytest.fixture
async def street() -> AsyncIterator[Street]:
    async with opened() as made:
        yield made


@pytest.fixture
async def usher(
    bus: Bus, database_url: Secret, nats_url: Secret, tmp_path: Path, street: Street
) -> AsyncIterator[Estate]:
    config = UpstreamSettings(plex_tv_url=street.urls["plex_tv"])
    async with estate(bus, database_url, nats_url, tmp_path, config=config) as running:
        yield running


@pytest.fixture
def place(database_url: Secret, nats_url: Secret, street: Street) -> Place:
    return Place(database_url, nats_url, street)
