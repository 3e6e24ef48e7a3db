"""What servers are called: accounts and plays know them by their machine ids."""

from collections.abc import Mapping

from services.gateway.dashboard.outcome import Outcome
from shared.schemas.servers import ServerPage


def server_names(servers: Outcome[ServerPage]) -> Mapping[str, str]:
    """Return the names of servers by their machine ids; none where the servers could not be read."""
    listed = servers.value.items if servers.value else []
    return {server.machine_identifier: server.name for server in listed if server.machine_identifier}
