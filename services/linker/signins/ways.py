"""The ways into, and out of, the systems beside Plex."""

from collections.abc import Callable
from datetime import datetime

from services.linker.signins.checks import EmbyCheck, JellyfinCheck, TraktCheck
from services.linker.signins.flows.applications import Applications
from services.linker.signins.flows.jellyfin import JellyfinFlow
from services.linker.signins.flows.passwords import Passwords
from services.linker.signins.flows.trakt import TraktFlow
from services.linker.signins.revokers import MediaServerRevoke, TraktRevoke
from services.linker.signins.wiring import Ways
from shared.clock import SteadyClock
from shared.postgres.pool import Pool
from shared.upstreams.clients import Clients
from shared.vault import Vault


def ways_beside_plex(
    *, pool: Pool, vault: Vault, clients: Clients, applications: Applications, now: Callable[[], datetime]
) -> Ways:
    """Return Jellyfin's, Emby's and Trakt's."""
    end_session = MediaServerRevoke(pool=pool, clients=clients)
    return Ways(
        flows={
            "jellyfin": JellyfinFlow(pool=pool, clients=clients, now=now),
            "trakt": TraktFlow(applications=applications, vault=vault, now=now),
        },
        checks={
            "jellyfin": JellyfinCheck(pool=pool, clients=clients),
            "emby": EmbyCheck(pool=pool, clients=clients),
            "trakt": TraktCheck(pool=pool, vault=vault, applications=applications, now=now),
        },
        revokers={
            "jellyfin": end_session,
            "emby": end_session,
            "trakt": TraktRevoke(pool=pool, applications=applications),
        },
        with_password=Passwords(pool=pool, clients=clients, clock=SteadyClock(wall=now)).sign_in_with_password,
    )
