"""Puts the linker's side for servers together."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from services.linker.servers.checks import ServerChecker
from services.linker.servers.discovery import Discovery
from services.linker.servers.from_settings import ServersFromSettings, servers_in
from services.linker.servers.handlers import Handlers
from services.linker.servers.plex_webhooks import PlexAccountWebhooks
from services.linker.servers.probe import Prober
from services.linker.servers.registry import Registry
from services.linker.servers.seerr_handlers import SeerrHandlers
from shared.http.egress import Egress
from shared.runtime import Parts, Service
from shared.schemas.plex_webhooks import SetPlexWebhook, ShowPlexWebhooks
from shared.schemas.servers import (
    AddServer,
    AskServersHealth,
    ChangeSeerr,
    ChangeServer,
    DiscoverPlex,
    FindServer,
    ListServers,
    RemoveSeerr,
    RemoveServer,
    ShowSeerr,
    TestServer,
    TryServer,
)
from shared.sealing import Sealer
from shared.settings import UpstreamSettings
from shared.upstreams.clients import Clients
from shared.vault import Vault


class ServersSide:
    """The linker's side for servers."""

    def __init__(
        self,
        parts: Parts,
        *,
        vault: Vault,
        sealer: Sealer,
        clients: Clients,
        egress: Egress,
        config: UpstreamSettings,
        now: Callable[[], datetime],
    ) -> None:
        registry = Registry(parts.worker, vault, now=now)
        self.checker: Final = ServerChecker(Prober(clients), registry, parts.pool, now=now)
        self.from_settings: Final = ServersFromSettings(parts.worker, registry, servers_in(config, egress))
        self._media = Handlers(registry=registry, checker=self.checker, sealer=sealer, egress=egress, pool=parts.pool)
        self._seerr = SeerrHandlers(
            registry=registry, checker=self.checker, sealer=sealer, egress=egress, pool=parts.pool
        )
        self._discovery = Discovery(clients, vault=vault, sealer=sealer, pool=parts.pool)
        self._webhooks = PlexAccountWebhooks(clients, registry=registry, vault=vault, sealer=sealer, pool=parts.pool)

    def add_to(self, service: Service) -> None:
        """Have a service answer questions about servers."""
        service.answer(
            ListServers.answered_by(self._media.list_servers),
            FindServer.answered_by(self._media.find_server),
            AddServer.answered_by(self._media.add_server),
            TryServer.answered_by(self._media.try_server),
            ChangeServer.answered_by(self._media.change_server),
            RemoveServer.answered_by(self._media.remove_server),
            TestServer.answered_by(self._media.test_server),
            AskServersHealth.answered_by(self._media.servers_health),
            ShowSeerr.answered_by(self._seerr.show),
            ChangeSeerr.answered_by(self._seerr.change),
            RemoveSeerr.answered_by(self._seerr.remove),
            DiscoverPlex.answered_by(self._discovery.discover),
            ShowPlexWebhooks.answered_by(self._webhooks.show),
            SetPlexWebhook.answered_by(self._webhooks.set),
        )

    async def run(self) -> None:
        """Create the servers of the settings, then check all servers every few minutes, until cancelled."""
        await self.from_settings.run()
        await self.checker.run()
