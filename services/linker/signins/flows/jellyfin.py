"""Signing in to Jellyfin by Quick Connect: six digits that the person types on the server's own page.

Nothing of a sign-in is used up by asking: from the approval on Jellyfin keeps the token for ten minutes and gives it as
often as it is asked, so a crash before it is stored costs nothing. Only a Jellyfin that restarts in these minutes
forgets it, and the person begins again.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from services.linker.servers.store import ServerRow
from services.linker.signins.domain import Asker, Authorized, Begun, Ended, Outcome, Pending, Proven, Waiting
from services.linker.signins.flows.places import AnotherServerError, chosen_server, proven_server
from services.linker.signins.flows.sessions import end_session
from shared.clients.jellyfin import (
    Jellyfin,
    NoQuickConnectError,
    QuickConnect,
    QuickConnectExpiredError,
    QuickConnectOffError,
)
from shared.clients.mediabrowser import SignedIn
from shared.postgres.pool import Pool
from shared.schemas.media import Provider
from shared.upstreams.clients import Clients
from shared.upstreams.rate_limit import RateLimit

LIFE: Final = timedelta(minutes=10)
POLL_EVERY: Final = timedelta(seconds=5)
_INSTEAD: Final = (
    "link with user name and password (`POST /api/integrations/jellyfin/connect`, `usher link jellyfin NAME`)"
)


class JellyfinFlow:
    """A `Flow`. The device is the asker's, so that linking again ends his former session and litters no list."""

    def __init__(self, *, pool: Pool, clients: Clients, now: Callable[[], datetime]) -> None:
        self._pool = pool
        self._clients = clients
        self._now = now

    async def begin(self, *, server: str, sign_in_id: str, asker: Asker, forward_url: str) -> Begun:  # noqa: ARG002
        """Begin one; raises `QuickConnectOffError` or `NoQuickConnectError` with what to do instead."""
        row = await chosen_server(self._pool, "jellyfin", server)
        client = self._client(row, sign_in_id if asker.kind == "key" else device_of(asker))
        async with self._rate_limit(row).acquire_alone():
            begun_at = self._now()
            quick = await _started(client, row.name)
        return Begun(
            code=quick.code,
            url=f"{row.url.rstrip('/')}/web/#/quickconnect",
            expires_at=begun_at + LIFE,
            poll_every=POLL_EVERY,
            secret=quick.secret,
        )

    async def poll(self, waiting: Waiting) -> Outcome:
        """Ask once how it stands."""
        if waiting.secret is None:
            return Ended("expired")
        row = await chosen_server(self._pool, "jellyfin", waiting.server)
        jellyfin = self._client(row, waiting.sign_in_id)
        try:
            async with self._rate_limit(row).report_refusal():
                if not await jellyfin.is_approved(waiting.secret):
                    return Pending()
                signed_in = await jellyfin.finish_quick_connect(waiting.secret)
        except QuickConnectExpiredError:
            return Ended("expired")
        try:
            return authorized("jellyfin", row, signed_in)
        except AnotherServerError:
            await end_session(jellyfin, signed_in.token, server=row.name)
            raise

    def _rate_limit(self, row: ServerRow) -> RateLimit:
        return self._clients.server_limit(row.address, type=row.type)

    def _client(self, row: ServerRow, for_whom: str) -> Jellyfin:
        return self._clients.jellyfin(row.address, for_whom=for_whom)


async def _started(client: Jellyfin, name: str) -> QuickConnect:
    try:
        return await client.start_quick_connect()
    except QuickConnectOffError as exc:
        raise QuickConnectOffError(
            f"Quick Connect is off on {name}: {_INSTEAD}, or turn it on in its dashboard"
        ) from exc
    except NoQuickConnectError as exc:
        raise NoQuickConnectError(f"{name} has no Quick Connect, which Jellyfin has from 10.7 on: {_INSTEAD}") from exc


def device_of(asker: Asker, *also: str) -> str:
    """Return for whom a device is: `also` what tells apart several accounts that one asker signs in to."""
    return "/".join((asker.kind, asker.id, *also))


def authorized(provider: Provider, row: ServerRow, signed_in: SignedIn) -> Authorized:
    """Return what a sign-in to a Jellyfin or an Emby proves; raises `AnotherServerError`."""
    proven = Proven(
        provider=provider,
        account_id=signed_in.user.id,
        username=signed_in.user.name,
        server=proven_server(row, signed_in.server_id),
    )
    return Authorized(proven=proven, token=signed_in.token)
