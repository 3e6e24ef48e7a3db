"""A linker's surroundings without a linker: stand-ins of Jellyfin, Emby and Trakt, configured as servers."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Final

import httpx

from services.linker.signins.domain import Asker, PollRequest, ProvenAccount, SignInCode
from services.linker.signins.flows.trakt_application import TraktApplication
from shared.keyring import Keyring, Owner, new_key
from shared.owners import account_token, server_token, sign_in_secret
from shared.postgres.pool import Pool
from shared.schemas.media import Provider
from shared.schemas.secret import Secret
from shared.settings import UpstreamSettings
from shared.upstreams.clients import Clients
from shared.vault import Vault
from simulators.determinism import Clock
from simulators.emby import Emby
from simulators.jellyfin.app import Jellyfin
from simulators.serving import serving
from simulators.trakt.app import Trakt

NOON: Final = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ANNA: Final = Asker("discord", "4711", "Anna")
BEN: Final = Asker("usher", "ben", "Ben")
KEY: Final = new_key("test")


class Scene:
    """What a test arranges and looks at. All clocks are one."""

    def __init__(self, pool: Pool, *, clock: Clock | None = None, keys: Secret = KEY) -> None:
        self.clock = clock or Clock(NOON)
        self.jellyfin = Jellyfin(clock=self.clock, name="Cellar")
        self.emby = Emby(clock=self.clock, name="Shed")
        self.trakt = Trakt(clock=self.clock)
        self.pool = pool
        self.keyring = Keyring.parse(keys)
        self.vault = Vault(pool, self.keyring)
        self.clients: Clients
        self.application: TraktApplication
        self.urls: dict[Provider, str] = {}

    @asynccontextmanager
    async def open(self, http: httpx.AsyncClient) -> AsyncIterator[None]:
        """Serve the stand-ins, and configure them."""
        async with AsyncExitStack() as stack:
            jellyfin, emby, auth, api = [
                await stack.enter_async_context(serving(app))
                for app in (self.jellyfin, self.emby, self.trakt.auth, self.trakt.api)
            ]
            self.urls = {"jellyfin": jellyfin, "emby": emby}
            upstreams = UpstreamSettings(trakt_auth_url=auth, trakt_api_url=api)
            self.clients = Clients(http, upstreams, self.pool, plex_client_id="installation")
            self.application = TraktApplication(pool=self.pool, vault=self.vault, clients=self.clients)
            await self.configure("Cellar", "jellyfin", jellyfin, self.jellyfin.server_id)
            await self.configure("Shed", "emby", emby, self.emby.server_id)
            yield

    def another_application(self) -> TraktApplication:
        """Return what another replica of the linker would have."""
        return TraktApplication(pool=self.pool, vault=self.vault, clients=self.clients)

    async def configure(self, name: str, kind: Provider, url: str, machine_id: str | None) -> None:
        await self.pool.execute(
            "insert into servers (name, type, url, machine_id) values ($1, $2, $3, $4)", name, kind, url, machine_id
        )

    async def configure_trakt(self, *, secret: str | None = None) -> None:
        await self.configure("Trakt", "trakt", "https://trakt.tv", self.trakt.accounts.client_id)
        given = Secret(secret or self.trakt.accounts.client_secret)
        await self.vault.put(server_token("Trakt", type="trakt"), given)

    async def keep(self, begun: SignInCode, provider: Provider, *, sign_in_id: str = "s1") -> None:
        """Keep the secret of a sign-in, as the linker does."""
        assert begun.secret is not None
        await self.vault.put(sign_in_secret(sign_in_id, provider=provider), begun.secret)

    async def waiting(self, provider: Provider, *, server: str = "", sign_in_id: str = "s1") -> PollRequest:
        """Return what a poll is given."""
        secret = await self.vault.get(sign_in_secret(sign_in_id, provider=provider))
        return PollRequest(sign_in_id=sign_in_id, server=server, references=(), secret=secret)

    async def link_trakt(self, name: str, *, renew_at: datetime, expires_at: datetime) -> ProvenAccount:
        """Link an account of Trakt to a person, as the linker does; returns the account."""
        account = self.trakt.accounts.add(name)
        grant = self.trakt.accounts.grant(name)
        proven = ProvenAccount(provider="trakt", account_id=account.uuid, username=name)
        await self.vault.put(token_of(proven), Secret(grant.access))
        await self.vault.put(refresh_token_of(proven), Secret(grant.refresh))
        await self.pool.execute(
            "insert into persons (id, name) values ($1, $1) on conflict do nothing", f"person of {name}"
        )
        await self.pool.execute(
            """insert into connections (provider, account_id, person_id, username, linked_at, check_at, expires_at,
                renew_at) values ('trakt', $1, $2, $3, $4, $4, $5, $6)""",
            account.uuid,
            f"person of {name}",
            name,
            NOON,
            expires_at,
            renew_at,
        )
        return proven


def token_of(proven: ProvenAccount) -> Owner:
    return account_token(proven.provider, server=proven.server, account_id=proven.account_id)


def refresh_token_of(proven: ProvenAccount) -> Owner:
    return account_token(proven.provider, server=proven.server, account_id=proven.account_id, purpose="refresh_token")
