"""Linkers with settings of their own, started one after the other or side by side, and what one asks them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from services.linker.servers.wiring import ServersSide
from shared.bus.connection import Bus, connect
from shared.bus.questions import ask
from shared.keyring import Keyring
from shared.runtime import Parts
from shared.schemas.sealed_secret import SealedSecret
from shared.schemas.secret import Secret
from shared.schemas.servers import (
    TOKEN,
    AddServer,
    AskServersHealth,
    ChangeServer,
    FindServer,
    ListServers,
    RemovedSeerr,
    RemovedServer,
    RemoveSeerr,
    RemoveServer,
    SeerrConnection,
    Server,
    ServerSettings,
    ServersHealth,
    ShowSeerr,
)
from shared.sealing import Sealer
from shared.settings import UpstreamSettings
from shared.upstreams.clients import Clients
from shared.vault import Vault
from tests.integration.linker.servers.stand_ins import Street
from tests.integration.linker.servers.surroundings import KEYS, egress_of, linked
from tests.integration.service import parts_of


class Linker:
    """A linker with these settings, and what one asks it."""

    def __init__(self, bus: Bus, servers: ServersSide, clients: Clients, parts: Parts, vault: Vault) -> None:
        self._bus = bus
        self.servers = servers
        self.clients = clients
        self.parts = parts
        self.vault = vault

    async def add(self, body: dict[str, Any], *, token: str) -> Server:
        wanted = msgspec.convert(body, ServerSettings)
        return await ask(self._bus, AddServer(server=wanted, token=sealed(token)))

    async def add_from(self, street: Street, kind: str, **others: Any) -> Server:
        body = street.body(kind, **others)
        return await self.add(body, token=body.pop("token"))

    async def all(self) -> list[Server]:
        return (await ask(self._bus, ListServers())).items

    async def one(self, name: str) -> Server:
        return await ask(self._bus, FindServer(name=name))

    async def seerr(self) -> SeerrConnection:
        return await ask(self._bus, ShowSeerr())

    async def change(self, name: str, *, token: str | None = None, **changes: Any) -> Server:
        if token is not None:
            changes["token"] = sealed(token)
        return await ask(self._bus, ChangeServer(name=name, **changes))

    async def remove(self, name: str) -> RemovedServer:
        return await ask(self._bus, RemoveServer(name=name))

    async def remove_seerr(self) -> RemovedSeerr:
        return await ask(self._bus, RemoveSeerr())

    async def health(self) -> ServersHealth:
        return await ask(self._bus, AskServersHealth())

    async def look(self) -> int:
        """Look at all servers as if their time had come."""
        async with self.parts.pool.acquire() as connection:
            await connection.execute("update servers set check_at = now() - interval '1 second'")
        return await self.servers.checker.check_all_due()


def sealed(token: str) -> SealedSecret:
    return Sealer(Keyring.parse(KEYS)).seal(Secret(token), purpose=TOKEN)


class Place:
    """Where linkers are started, one after the other or side by side."""

    def __init__(self, database_url: Secret, nats_url: Secret, street: Street) -> None:
        self._database_url = database_url
        self._nats_url = nats_url
        self._plex_tv_url = street.urls["plex_tv"]

    @asynccontextmanager
    async def linker(self, **settings: Any) -> AsyncIterator[Linker]:
        config = UpstreamSettings(plex_tv_url=self._plex_tv_url, **settings)
        egress = egress_of(self._database_url, self._nats_url)
        async with (
            connect(self._nats_url, name="linker") as bus,
            parts_of("linker", bus=bus, database_url=self._database_url) as parts,
            linked(parts, config=config, egress=egress) as (servers, clients, vault),
        ):
            await servers.from_settings.apply()
            yield Linker(bus, servers, clients, parts, vault)


def of_plex(street: Street, **others: Any) -> dict[str, Any]:
    return {"plex_host": street.urls["plex"], "plex_token": Secret(street.tokens["plex"]), **others}
