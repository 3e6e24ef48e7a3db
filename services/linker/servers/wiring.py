"""Puts the linker's part for servers together."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

import msgspec

from services.linker.servers.discovery import Discovery
from services.linker.servers.given import FirstServers, given
from services.linker.servers.handlers import Handlers
from services.linker.servers.inspector import Inspector
from services.linker.servers.means import Means
from services.linker.servers.probe import Prober
from services.linker.servers.registry import Registry
from services.linker.servers.seerr import SeerrHandlers
from shared.bus.questions import Answerer
from shared.courier import Courier
from shared.http.egress import Egress
from shared.runtime import Parts
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
from shared.settings import UpstreamSettings
from shared.upstreams.clients import Clients
from shared.vault import Vault


class Servers:
    """What answers questions about servers, and what runs beside them."""

    def __init__(
        self,
        parts: Parts,
        *,
        vault: Vault,
        courier: Courier,
        clients: Clients,
        egress: Egress,
        config: UpstreamSettings,
        now: Callable[[], datetime],
    ) -> None:
        registry = Registry(parts.worker, vault, now=now)
        self.inspector: Final = Inspector(Prober(clients), registry, parts.pool, now=now)
        self.first: Final = FirstServers(parts.worker, registry, given(config, egress))
        means = Means(registry=registry, inspector=self.inspector, courier=courier, egress=egress, pool=parts.pool)
        self._media = Handlers(means)
        self._seerr = SeerrHandlers(means)
        self._discovery = Discovery(clients, vault=vault, courier=courier, pool=parts.pool)

    def answers(self) -> Mapping[type[msgspec.Struct], Answerer]:
        """Return the answers to questions."""
        return {
            ListServers: self._media.list_servers,
            FindServer: self._media.find_server,
            AddServer: self._media.add_server,
            TryServer: self._media.try_server,
            ChangeServer: self._media.change_server,
            RemoveServer: self._media.remove_server,
            TestServer: self._media.test_server,
            AskServersHealth: self._media.servers_health,
            ShowSeerr: self._seerr.show,
            ChangeSeerr: self._seerr.change,
            RemoveSeerr: self._seerr.remove,
            DiscoverPlex: self._discovery.discover,
        }

    async def run(self) -> None:
        """Make the servers of the settings, then look at all servers every few minutes, until cancelled."""
        await self.first.run()
        await self.inspector.run()
