"""What answering questions about servers takes, whether they are media servers or Seerr."""

import msgspec

from services.linker.servers.inspector import Inspector
from services.linker.servers.registry import Registry
from shared.http.egress import Egress
from shared.postgres.pool import Pool
from shared.sealing import Sealer


class Means(msgspec.Struct, frozen=True, kw_only=True):
    """Where servers are kept, who looks at them, what opens their secrets, and where Usher may connect to."""

    registry: Registry
    inspector: Inspector
    sealer: Sealer
    egress: Egress
    pool: Pool
