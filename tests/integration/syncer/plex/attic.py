"""A Plex server in town that Usher is configured for, a friend who linked an account, linker and syncer."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

import httpx

from services.linker.directory.handlers import Handlers as Linker
from services.syncer.plex.cache import ResourceCache
from services.syncer.plex.handlers import Handlers
from shared import owners
from shared.bus.connection import Bus
from shared.http.client import client
from shared.keyring import Keyring, new_key
from shared.postgres.pool import Pool, transaction
from shared.runtime import Service
from shared.schemas.secret import Secret
from shared.sealing import Sealer
from shared.settings import UpstreamSettings
from shared.upstreams.clients import Clients
from shared.upstreams.directory import Directory
from shared.vault import Vault
from simulators.determinism import Clock
from simulators.plex_server.app import PlexServer
from simulators.plex_tv.accounts import PlexAccount
from simulators.plex_tv.app import PlexTv
from simulators.serving import serving
from tests.integration.service import at_work, parts_of

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Attic:
    """The stand-ins, and what the linker stored of them."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        keyring = Keyring.parse(new_key("test"))
        self.vault, self.sealer = Vault(pool, keyring), Sealer(keyring)
        self.clock = Clock(NOON)
        self.plex_tv = PlexTv(clock=self.clock)
        self.owner, self.friend = self.plex_tv.accounts.add("martha"), self.plex_tv.accounts.add("jonas")
        self.device = self.plex_tv.accounts.add_server("Attic", owner=self.owner, uris=[])
        self.plex_tv.accounts.share(self.device, self.friend)
        self.plex_server = PlexServer(self.plex_tv.accounts, self.device, clock=self.clock)
        library = self.plex_server.library
        self.movies, self.shows = library.add_section("movie", "Movies"), library.add_section("show", "Shows")
        self.matrix = library.add_movie(self.movies, "The Matrix", year=1999, tmdb_id=603)
        library.add_movie(self.movies, "Heat", year=1995)
        library.add_show(self.shows, "Dark", year=2017, episodes=(2,))

    @property
    def machine_id(self) -> str:
        return self.device.machine_id

    async def configure(self, url: str, *, machine_id: str | None = None, name: str = "Attic") -> None:
        token = self.device.access_tokens[self.owner.id]
        await self.vault.put(owners.server_token(name, type="plex"), Secret(token))
        async with transaction(self.pool) as connection:
            await connection.execute(
                "insert into servers (name, type, url, machine_id) values ($1, 'plex', $2, $3)", name, url, machine_id
            )

    async def forget_address(self, url: str) -> None:
        """Configure an address where nothing answers, so that only plex.tv's addresses reach the server."""
        async with transaction(self.pool) as connection:
            await connection.execute("update servers set url = $1", url)

    async def link(self, person_id: str, account: PlexAccount, *, state: str = "ok") -> str:
        """Create a person with this Plex account, and return its token."""
        token = self.plex_tv.accounts.sign_in(account)
        account_id = str(account.id)
        await self.vault.put(owners.account_token("plex", server="", account_id=account_id), Secret(token))
        await self.settle(person_id)
        async with transaction(self.pool) as connection:
            await connection.execute(
                """insert into connections (provider, account_id, person_id, username, state, linked_at, check_at)
                values ('plex', $1, $2, $3, $4, $5, $5)""",
                account_id,
                person_id,
                account.title,
                state,
                NOON,
            )
        return token

    async def unlink(self, account: PlexAccount) -> None:
        async with transaction(self.pool) as connection:
            await connection.execute("delete from connections where account_id = $1", str(account.id))

    async def settle(self, person_id: str) -> None:
        async with transaction(self.pool) as connection:
            await connection.execute("insert into persons (id, name) values ($1, $1)", person_id)

    def calls_of_resources(self) -> int:
        return sum(request.path == "/api/v2/resources" for request in self.plex_tv.seen)


@asynccontextmanager
async def open_attic(bus: Bus, database_url: Secret) -> AsyncIterator[Attic]:
    """The syncer answering about the attic, which the linker knows, and the friend at home in it as `jonas`."""
    async with AsyncExitStack() as stack:
        linkers, syncers = [
            await stack.enter_async_context(parts_of(name, bus=bus, database_url=database_url))
            for name in ("linker", "syncer")
        ]
        attic = Attic(linkers.pool)
        url = await stack.enter_async_context(serving(attic.plex_server))
        plex_tv_url = await stack.enter_async_context(serving(attic.plex_tv))
        http = await stack.enter_async_context(client(tls=httpx.create_ssl_context(verify=False, trust_env=False)))
        attic.plex_tv.accounts.move(attic.device, ["http://127.0.0.1:9", url])
        await attic.configure(url, machine_id=attic.machine_id)
        await attic.link("jonas", attic.friend)
        config = UpstreamSettings(plex_tv_url=plex_tv_url)
        clients = Clients(http, config, syncers.pool, plex_client_id="usher-1")
        directory, cache = Directory(bus, attic.sealer, now=attic.clock.now), ResourceCache(now=attic.clock.now)
        for listener in (directory.listener(), cache.listener()):
            await bus.add(listener)
        linker, syncer = Service(linkers), Service(syncers)
        Linker(pool=linkers.pool, vault=attic.vault, sealer=attic.sealer).add_to(linker)
        Handlers(directory=directory, clients=clients, cache=cache).add_to(syncer)
        await stack.enter_async_context(at_work(linker))
        await stack.enter_async_context(at_work(syncer))
        yield attic
