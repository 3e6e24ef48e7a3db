"""The one factory of clients: all clients of a server share its limits and its breaker."""

import contextlib
import copy
from datetime import timedelta
from typing import Any, Final

import msgspec

from shared.bus.listening import Listener
from shared.clients.emby import Emby
from shared.clients.jellyfin import Jellyfin
from shared.clients.mediabrowser import Device
from shared.clients.plex_app import PlexApp
from shared.clients.plex_server import PlexServer
from shared.clients.plex_tv import PlexTv, hosts_of
from shared.clients.seerr.rest import Seerr
from shared.clients.trakt import Trakt
from shared.discord.rate_limits import Limits
from shared.discord.rest import Discord
from shared.http.upstream import Upstream, Upstreams
from shared.postgres.pool import Pool
from shared.schemas import events
from shared.schemas.directory import ServerAddress
from shared.schemas.events import ServerChanged
from shared.schemas.identifiers import derived_id
from shared.schemas.media import Provider
from shared.schemas.secret import Secret
from shared.settings import UpstreamSettings
from shared.upstreams.discord import DISCORD, discord_of
from shared.upstreams.rate_limit import EVERY, PLEX_TV, Acquire, Limited, RateLimit

TRAKT: Final = "Trakt"
CANDIDATE_WITHIN: Final = timedelta(seconds=3)


class Clients:
    """One per process. `plex_client_id` identifies this installation to plex.tv; `http` is borrowed."""

    def __init__(
        self,
        http: Any,
        config: UpstreamSettings,
        pool: Pool,
        *,
        plex_client_id: str,
        plex_tv_every: timedelta = EVERY,
    ) -> None:
        self._http = http
        self._config = config
        self._pool = pool
        self._app = PlexApp(client_id=plex_client_id, product=config.plex_product)
        self._client_id = plex_client_id
        self._discord_limits = Limits()
        self._plex_tv_limit = RateLimit(pool, PLEX_TV, every=plex_tv_every)
        self._server_limits: dict[str, RateLimit] = {}
        self.trakt_limit: Final = RateLimit(pool, TRAKT)
        """Shared by all calls of the application: Trakt counts by application and address."""
        self.upstreams = Upstreams()

    def listener(self) -> Listener:
        """Return the part of a `Bus` that resets a server's limits and breaker when any replica changes it."""
        return Listener([events.subject(ServerChanged)], self._on_server_changed)

    def for_test(self, *, deadline: timedelta) -> "Clients":
        """Return clients to test a server with: a deadline for each call, and breakers that know no earlier failure."""
        fresh = copy.copy(self)
        fresh.upstreams = Upstreams(deadline=deadline)
        return fresh

    def plex_tv(self, acquire: Acquire = RateLimit.acquire) -> PlexTv:
        """Return plex.tv; `acquire` is how its calls wait for the rate limit."""
        guard = Limited(self.upstreams.of(PLEX_TV), self._plex_tv_limit, acquire)
        return PlexTv(self._http, guard, app=self._app, hosts=hosts_of(self._config.plex_tv_url))

    def plex_server(self, address: ServerAddress, *, token: Secret) -> PlexServer:
        """Return a Plex server, used as the account that the token belongs to."""
        return PlexServer(self._http, self.upstreams.of(address.name), app=self._app, url=address.url, token=token)

    def plex_candidate(self, url: str) -> PlexServer:
        """Return what may be a Plex server, to ask its id: no token, a short deadline, its own breaker."""
        upstream = Upstream("a Plex server", deadline=CANDIDATE_WITHIN)
        return PlexServer(self._http, upstream, app=self._app, url=url, token=Secret(""))

    def jellyfin(self, address: ServerAddress, *, for_whom: str) -> Jellyfin:
        """Return a Jellyfin server; each `for_whom` is a device of its own there."""
        device = self._device(for_whom)
        return Jellyfin(self._http, self.upstreams.of(address.name), url=address.url, device=device)

    def emby(self, address: ServerAddress, *, for_whom: str) -> Emby:
        """Return an Emby server; each `for_whom` is a device of its own there."""
        return Emby(self._http, self.upstreams.of(address.name), url=address.url, device=self._device(for_whom))

    def seerr(self, address: ServerAddress, *, api_key: Secret) -> Seerr:
        """Return Seerr."""
        return Seerr(self._http, self.upstreams.of(address.name), url=address.url, api_key=api_key)

    def trakt(self, *, client_id: str, client_secret: Secret) -> Trakt:
        """Return Trakt, used as this application."""
        return Trakt(
            self._http,
            self.upstreams.of(TRAKT),
            client_id=client_id,
            client_secret=client_secret,
            api_url=self._config.trakt_api_url,
            auth_url=self._config.trakt_auth_url,
        )

    def discord(self) -> Discord | None:
        """Return Discord; None where it is off."""
        upstream = self.upstreams.of(DISCORD)
        return discord_of(self._http, self._config, upstream=upstream, limits=self._discord_limits)

    def server_limit(self, address: ServerAddress, *, type: Provider) -> RateLimit:  # noqa: A002 (what it is called)
        """Return the rate limit of a server, by its address: what answers elsewhere has asked for nothing yet."""
        name = f"{type} {address.url}"
        if name not in self._server_limits:
            self._server_limits[name] = RateLimit(self._pool, name, called=address.name)
        return self._server_limits[name]

    def _on_server_changed(self, _subject: str, news: bytes) -> None:
        with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError):  # of a newer version
            self.upstreams.forget(msgspec.json.decode(news, type=ServerChanged).name)

    def _device(self, for_whom: str) -> Device:
        return Device(id=derived_id("device", self._client_id, for_whom))
