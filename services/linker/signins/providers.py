"""What the linker can do with each system that accounts are linked at; a new one is added here."""

from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec

from services.linker.signins.domain import Flow, TokenCheck, TokenRevoker
from services.linker.signins.flows.jellyfin import JellyfinFlow
from services.linker.signins.flows.passwords import PasswordSignIn
from services.linker.signins.flows.trakt import TraktFlow
from services.linker.signins.flows.trakt_application import TraktApplication
from services.linker.signins.handlers import SignInWithPassword
from services.linker.signins.token_checks import EmbyCheck, JellyfinCheck, TraktCheck
from services.linker.signins.token_revokers import MediaServerRevoker, TraktRevoker
from shared.clock import SteadyClock
from shared.postgres.pool import Pool
from shared.schemas.media import Provider
from shared.upstreams.clients import Clients
from shared.vault import Vault


class Providers(msgspec.Struct, frozen=True, kw_only=True):
    """How systems are signed in to, and how their tokens are checked and revoked; Plex comes with the linker."""

    flows: Mapping[Provider, Flow] = {}
    checks: Mapping[Provider, TokenCheck] = {}
    revokers: Mapping[Provider, TokenRevoker] = {}
    with_password: SignInWithPassword | None = None


def other_providers(
    *, pool: Pool, vault: Vault, clients: Clients, application: TraktApplication, now: Callable[[], datetime]
) -> Providers:
    """Return Jellyfin, Emby and Trakt."""
    end_session = MediaServerRevoker(pool=pool, clients=clients)
    return Providers(
        flows={
            "jellyfin": JellyfinFlow(pool=pool, clients=clients, now=now),
            "trakt": TraktFlow(application=application, vault=vault, now=now),
        },
        checks={
            "jellyfin": JellyfinCheck(pool=pool, clients=clients),
            "emby": EmbyCheck(pool=pool, clients=clients),
            "trakt": TraktCheck(pool=pool, vault=vault, application=application, now=now),
        },
        revokers={
            "jellyfin": end_session,
            "emby": end_session,
            "trakt": TraktRevoker(pool=pool, application=application),
        },
        with_password=PasswordSignIn(pool=pool, clients=clients, clock=SteadyClock(wall=now)).sign_in,
    )
