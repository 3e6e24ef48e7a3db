"""A gateway, a linker and a stand-in for plex.tv."""

import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from services.syncer.forgetting import Forgetting
from services.syncer.history.handlers import Handlers as History
from services.syncer.history.sources import parsing
from services.syncer.users.handlers import Handlers as Users
from shared.bus.connection import Bus
from shared.keyring import Keyring, new_key
from shared.runtime import Service
from shared.schemas.secret import Secret
from shared.sealing import Sealer
from shared.vault import Vault
from simulators.determinism import Clock
from simulators.plex_tv.app import PlexTv
from simulators.serving import serving
from tests.integration.gateway.house import House, prepared, settings
from tests.integration.linker.linking import Linker, Place, Said, now
from tests.integration.linker.town import Town
from tests.integration.service import at_work, parts_of


@pytest.fixture(scope="session")
def tls() -> ssl.SSLContext:
    """Certificates are read once: reading them takes longer than most tests."""
    return httpx.create_ssl_context(trust_env=False)


@pytest.fixture
def keys() -> Secret:
    return new_key("k1")


@pytest.fixture
def plex() -> PlexTv:
    return PlexTv(clock=Clock(), per_second=1000, pin_checks_at_once=1000)


@pytest.fixture
async def place(
    plex: PlexTv, database_url: Secret, nats_url: Secret, keys: Secret, tls: ssl.SSLContext
) -> AsyncIterator[Place]:
    async with serving(plex) as url:
        yield Place(database_url=database_url, nats_url=nats_url, keys=keys, plex_url=url, tls=tls)


@pytest.fixture
async def house(place: Place, tmp_path: Path) -> AsyncIterator[House]:
    config = settings(place.database_url, place.nats_url, tmp_path, usher_encryption_keys=place.keys)
    async with prepared(config) as running:
        yield running


@pytest.fixture
async def linker(place: Place, house: House) -> AsyncIterator[Linker]:
    async with place.linker() as running:
        yield running


@pytest.fixture
async def said(bus: Bus) -> Said:
    heard = Said()
    await heard.listen(bus, "events.>", "jobs.>")
    return heard


@pytest.fixture
async def town(place: Place, house: House, linker: Linker, bus: Bus) -> AsyncIterator[Town]:
    async with parts_of("syncer", bus=bus, database_url=place.database_url) as parts:
        keyring = Keyring.parse(place.keys)
        vault, service = Vault(parts.pool, keyring), Service(parts)
        History(worker=parts.worker, pool=parts.pool, parse=parsing.parse_webhook).add_to(service)
        Users(pool=parts.pool, vault=vault, sealer=Sealer(keyring), now=now).add_to(service)
        Forgetting(worker=parts.worker, vault=vault).add_to(service)
        async with at_work(service):
            yield Town(house)
