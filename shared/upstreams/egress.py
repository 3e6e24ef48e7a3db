"""Where a process may connect to, according to its settings."""

from shared.http.egress import OWN_PORTS, Egress, ports_of, private_networks
from shared.schemas.secret import Secret
from shared.settings import UpstreamSettings


def egress_of(config: UpstreamSettings, *ours: Secret) -> Egress:
    """Return where a process may connect to; `ours` are the addresses of our own NATS and Postgres."""
    return Egress(denied_ports=OWN_PORTS | ports_of(ours), private=private_networks(config.usher_allow_private))
