"""A gateway, a linker and the syncer's users, with real servers around them: all that is spoken to."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec

from services.linker.people.handlers import Handlers as People
from services.linker.servers.wiring import ServersSide
from shared.bus.connection import Bus
from shared.http.client import client
from shared.http.egress import OWN_PORTS, Egress, ports_of
from shared.keyring import Keyring, new_key
from shared.runtime import Parts, Service
from shared.schemas.identifiers import random_id
from shared.schemas.people import FindPerson
from shared.schemas.secret import Secret
from shared.sealing import Sealer
from shared.settings import UpstreamSettings
from shared.upstreams.clients import Clients
from shared.vault import Vault
from simulators.asgi import App
from simulators.serving import serving
from tests.integration.gateway.house import ADMIN, TLS, House, prepared, settings
from tests.integration.service import at_work, parts_of
from tests.integration.syncer.users.serving import Users, users_of

KEYS = new_key("test")


class Estate:
    """Speaks to the gateway as its admin, and reaches into the linker where time must pass."""

    def __init__(
        self, house: House, servers: ServersSide, clients: Clients, parts: Parts, vault: Vault, users: Users
    ) -> None:
        self.house = house
        self.servers = servers
        self.users = users
        self.clients = clients
        self.parts = parts
        self.vault = vault

    async def get(self, path: str, **how: Any) -> httpx.Response:
        return await self.house.get(path, **how)

    async def post(self, path: str, body: Any = None, **params: Any) -> httpx.Response:
        query = f"?{httpx.QueryParams(params)}" if params else ""
        return await self.house.post(path + query, body)

    async def put(self, path: str, body: Any) -> httpx.Response:
        headers = {**ADMIN, "Content-Type": "application/json"}
        return await self.house.http.put(path, content=msgspec.json.encode(body), headers=headers)

    async def delete(self, path: str) -> httpx.Response:
        return await self.house.delete(path)


def egress_of(database_url: Secret, nats_url: Secret) -> Egress:
    return Egress(denied_ports=OWN_PORTS | ports_of([database_url, nats_url]))


@asynccontextmanager
async def linked(
    parts: Parts, *, config: UpstreamSettings, egress: Egress
) -> AsyncIterator[tuple[ServersSide, Clients, Vault]]:
    """Run the linker's part for servers, without its loop."""
    async with client(egress=egress, tls=TLS) as http:
        keyring = Keyring.parse(KEYS)
        clients = Clients(http, config, parts.pool, plex_client_id="usher-test")
        vault = Vault(parts.pool, keyring)
        servers = ServersSide(
            parts,
            vault=vault,
            sealer=Sealer(keyring),
            clients=clients,
            egress=egress,
            config=config,
            now=now,
        )
        people = People(worker=parts.worker, pool=parts.pool, now=now, new_id=random_id)
        service = Service(parts)
        await parts.bus.add(clients.listener())
        service.answer(FindPerson.answered_by(people.find_person))
        servers.add_to(service)
        async with at_work(service):
            yield servers, clients, vault


@asynccontextmanager
async def estate(
    bus: Bus, database_url: Secret, nats_url: Secret, folder: Path, *, config: UpstreamSettings
) -> AsyncIterator[Estate]:
    async with AsyncExitStack() as stack:
        given = settings(database_url, nats_url, folder, usher_encryption_keys=KEYS)
        parts = await stack.enter_async_context(parts_of("linker", bus=bus, database_url=database_url))
        servers, clients, vault = await stack.enter_async_context(
            linked(parts, config=config, egress=egress_of(database_url, nats_url))
        )
        users = await stack.enter_async_context(users_of(bus, database_url, KEYS))
        house = await stack.enter_async_context(prepared(given))
        yield Estate(house, servers, clients, parts, vault, users)


@asynccontextmanager
async def addresses(*apps: App) -> AsyncIterator[list[str]]:
    """Serve stand-ins, each on a port of its own."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(serving(app)) for app in apps]


def now() -> datetime:
    return datetime.now(UTC)


SERVERS = "/api/mediaservers"
MEDIA = ("plex", "jellyfin", "emby")


def fault(answer: Any) -> str:
    """Return which field was refused."""
    assert answer.status_code == 400, answer.text
    return str(answer.json()["errors"][0]["path"])
