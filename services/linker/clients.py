"""Makes clients of the systems around Usher; those of one server share its limit and its breaker, whoever asks."""

from datetime import timedelta
from typing import Any, Final

import msgspec

from shared.clients.emby import Emby
from shared.clients.jellyfin import Jellyfin
from shared.clients.mediabrowser import Device
from shared.clients.plex_app import PlexApp
from shared.clients.plex_server import PlexServer
from shared.clients.plex_tv import PlexTv, hosts_of
from shared.clients.seerr.rest import Seerr
from shared.clients.trakt import Trakt
from shared.discord.rate_limits import Limits
from shared.discord.rest import Discord, from_settings
from shared.http.upstream import Upstream, Upstreams
from shared.schemas.identifiers import derived_id
from shared.schemas.secret import Secret
from shared.settings import UpstreamSettings

PLEX_TV: Final = "plex.tv"
DISCORD: Final = "Discord"
TRAKT: Final = "Trakt"
CANDIDATE_WITHIN: Final = timedelta(seconds=3)


class Place(msgspec.Struct, frozen=True):
    """A server as far as speaking to it goes; errors call it by its name."""

    name: str
    url: str


class Clients:
    """One for a process. `plex_client_id` is what plex.tv knows this installation by; `http` is borrowed."""

    def __init__(self, http: Any, config: UpstreamSettings, *, plex_client_id: str) -> None:
        self._http = http
        self._config = config
        self._app = PlexApp(client_id=plex_client_id, product=config.plex_product)
        self._client_id = plex_client_id
        self._limits = Limits()
        self.upstreams = Upstreams()

    def anew(self, *, deadline: timedelta) -> "Clients":
        """Return clients for a test: each call may take so long, and no earlier failure keeps one from being made."""
        fresh = Clients(self._http, self._config, plex_client_id=self._client_id)
        fresh.upstreams = Upstreams(deadline=deadline)
        return fresh

    def plex_tv(self) -> PlexTv:
        """Return plex.tv."""
        hosts = hosts_of(self._config.plex_tv_url)
        return PlexTv(self._http, self.upstreams.of(PLEX_TV), app=self._app, hosts=hosts)

    def plex_server(self, place: Place, *, token: Secret) -> PlexServer:
        """Return a Plex server, read for the account of the token."""
        return PlexServer(self._http, self.upstreams.of(place.name), app=self._app, url=place.url, token=token)

    def plex_candidate(self, url: str) -> PlexServer:
        """Return what may be a Plex server, to be asked who it is: without a token, for a moment, at nobody's cost."""
        upstream = Upstream("a Plex server", deadline=CANDIDATE_WITHIN)
        return PlexServer(self._http, upstream, app=self._app, url=url, token=Secret(""))

    def jellyfin(self, place: Place, *, for_whom: str) -> Jellyfin:
        """Return a Jellyfin server; `for_whom` makes the device, which is another one for each person."""
        return Jellyfin(self._http, self.upstreams.of(place.name), url=place.url, device=self._device(for_whom))

    def emby(self, place: Place, *, for_whom: str) -> Emby:
        """Return an Emby server; `for_whom` makes the device, which is another one for each person."""
        return Emby(self._http, self.upstreams.of(place.name), url=place.url, device=self._device(for_whom))

    def seerr(self, place: Place, *, api_key: Secret) -> Seerr:
        """Return Seerr."""
        return Seerr(self._http, self.upstreams.of(place.name), url=place.url, api_key=api_key)

    def trakt(self, *, client_id: str, client_secret: Secret) -> Trakt:
        """Return Trakt, spoken to as this application."""
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
        return from_settings(self._http, self.upstreams.of(DISCORD), self._config, limits=self._limits)

    def _device(self, for_whom: str) -> Device:
        return Device(id=derived_id("device", self._client_id, for_whom))
