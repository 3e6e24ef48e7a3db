"""A Plex server in town that Usher is configured for, a friend of its owner who linked his account, and the linker."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

import httpx

from services.linker.plex.handlers import Handlers
from services.linker.plex.memory import Memory
from services.linker.plex.ways import Ways
from shared import owners
from shared.bus.connection import Bus
from shared.http.client import client
from shared.keyring import Keyring, new_key
from shared.postgres.pool import Pool, transaction
from shared.runtime import Service
from shared.schemas.plex import ListItems, ListLibraries, ListRecentlyAdded, ListSessions, SearchItems
from shared.schemas.secret import Secret
from shared.settings import UpstreamSettings
from shared.upstreams.clients import Clients
from shared.vault import Vault
from simulators.given import Clock
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
        self.vault = Vault(pool, Keyring.parse(new_key("test")))
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
        """Let the configured server be where nobody answers, so that only plex.tv's addresses lead to it."""
        async with transaction(self.pool) as connection:
            await connection.execute("update servers set url = $1", url)

    async def link(self, person_id: str, account: PlexAccount, *, state: str = "ok") -> str:
        """Make a person whose Plex account this is, and return the account's token."""
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
async def opened(bus: Bus, database_url: Secret) -> AsyncIterator[Attic]:
    """The linker answering about the attic, and the friend at home in it as `jonas`."""
    async with AsyncExitStack() as stack:
        parts = await stack.enter_async_context(parts_of("linker", bus=bus, database_url=database_url))
        attic = Attic(parts.pool)
        url = await stack.enter_async_context(serving(attic.plex_server))
        plex_tv_url = await stack.enter_async_context(serving(attic.plex_tv))
        http = await stack.enter_async_context(client(tls=httpx.create_ssl_context(verify=False, trust_env=False)))
        attic.plex_tv.accounts.move(attic.device, ["http://127.0.0.1:9", url])
        await attic.configure(url, machine_id=attic.machine_id)
        await attic.link("jonas", attic.friend)
        clients = Clients(http, UpstreamSettings(plex_tv_url=plex_tv_url), parts.pool, plex_client_id="usher-1")
        memory = Memory(now=attic.clock.now)
        await bus.add(memory.listener())
        plex = Handlers(Ways(pool=parts.pool, vault=attic.vault, clients=clients, memory=memory))
        service = Service(parts)
        service.answer(
            ListLibraries.answered_by(plex.list_libraries),
            ListSessions.answered_by(plex.list_sessions),
            ListRecentlyAdded.answered_by(plex.list_recently_added),
            SearchItems.answered_by(plex.search),
            ListItems.answered_by(plex.list_items),
        )
        await stack.enter_async_context(at_work(service))
        yield attic
