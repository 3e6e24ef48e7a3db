"""A running linker's directory, and another service that asks it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta

import msgspec

from services.linker.directory.handlers import Handlers
from shared.bus.connection import Bus, connect
from shared.bus.listening import Listener
from shared.keyring import Keyring, new_key
from shared.owners import account_token, server_token
from shared.postgres.pool import Pool
from shared.runtime import Service
from shared.schemas.directory import LookUpAccounts, LookUpServer, SealedAccounts, SealedServer
from shared.schemas.events import Event, subject
from shared.schemas.media import Provider
from shared.schemas.secret import Secret
from shared.sealing import Sealer
from shared.upstreams.directory import Directory
from shared.vault import Vault
from simulators.determinism import Clock
from tests.integration.service import at_work, parts_of

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
CANARY = "canary-8f1d2c"


class Linker(Handlers):
    """Records its questions, and is slow if a test wants that."""

    def __init__(self, *, pool: Pool, vault: Vault, sealer: Sealer) -> None:
        super().__init__(pool=pool, vault=vault, sealer=sealer)
        self.asked: list[LookUpServer | LookUpAccounts] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    def rotate_key(self) -> None:
        """Seal with a key that no other service has yet."""
        self._sealer = Sealer(Keyring.parse(new_key("newer")))

    async def look_up_server(self, question: LookUpServer) -> SealedServer:
        self.asked.append(question)
        found = await super().look_up_server(question)
        await self.may_answer.wait()
        return found

    async def look_up_accounts(self, question: LookUpAccounts) -> SealedAccounts:
        self.asked.append(question)
        return await super().look_up_accounts(question)


class House:
    """The linker's store, and a directory of another service."""

    def __init__(self, pool: Pool, bus: Bus, *, nats_url: Secret, database_url: Secret) -> None:
        keyring = Keyring.parse(new_key("test"))
        sealer = Sealer(keyring)
        self.clock = Clock(NOON)
        self.vault = Vault(pool, keyring)
        self.linker = Linker(pool=pool, vault=self.vault, sealer=sealer)
        self.directory = Directory(bus, sealer, now=self.clock.now)
        self.listener: Listener = self.directory.listener()
        self._pool = pool
        self._bus = bus
        self._nats_url = nats_url
        self._database_url = database_url
        self._away = AsyncExitStack()

    async def configure(self, name: str, kind: Provider, *, machine_id: str | None = None, token: str = CANARY) -> None:
        await self._pool.execute(
            """insert into servers (name, type, url, machine_id) values ($1, $2, $3, $4)
            on conflict (name) do update set url = excluded.url""",
            name,
            kind,
            f"http://{name.lower()}.test",
            machine_id,
        )
        await self.vault.put(server_token(name, type=kind), Secret(token))

    async def link(
        self,
        person_id: str,
        kind: Provider,
        *,
        machine_id: str = "",
        token: str = CANARY,
        expires_at: datetime | None = None,
        state: str = "ok",
    ) -> None:
        owner = account_token(kind, server=machine_id, account_id=f"account of {person_id}")
        await self.vault.put(owner, Secret(token))
        await self._pool.execute("insert into persons (id, name) values ($1, $1) on conflict do nothing", person_id)
        await self._pool.execute(
            """insert into connections (provider, server, account_id, person_id, username, state, linked_at, check_at,
                expires_at) values ($1, $2, $3, $4, $4, $5, $6, $6, $7)""",
            kind,
            machine_id,
            f"account of {person_id}",
            person_id,
            state,
            NOON,
            expires_at,
        )

    async def tell(self, fact: Event) -> None:
        await self._bus.client.publish(subject(fact), msgspec.json.encode(fact))

    async def token(self, name: str = "Attic") -> str:
        found = await self.directory.servers.get(LookUpServer(type="plex", name=name))
        return "" if found.credential is None else found.credential.reveal()

    async def goes_away(self) -> None:
        """Let nobody answer any more."""
        await self._away.aclose()

    async def comes(self) -> None:
        """Let the linker answer, on a connection of its own."""
        bus = await self._away.enter_async_context(connect(self._nats_url, name="linker"))
        parts = await self._away.enter_async_context(parts_of("linker", bus=bus, database_url=self._database_url))
        service = Service(parts)
        self.linker.add_to(service)
        await self._away.enter_async_context(at_work(service))

    def later(self, span: timedelta) -> None:
        self.clock.advance(span)


@asynccontextmanager
async def open_house(pool: Pool, bus: Bus, *, nats_url: Secret, database_url: Secret) -> AsyncIterator[House]:
    house = House(pool, bus, nats_url=nats_url, database_url=database_url)
    await bus.add(house.listener)
    await house.configure("Attic", "plex", machine_id="m1")
    await house.comes()
    try:
        yield house
    finally:
        await house.goes_away()
