"""Signing in to Jellyfin by Quick Connect: six digits that the person types on the server's own page.

Nothing of a sign-in is used up by asking: from the approval on Jellyfin keeps the token for ten minutes and gives it as
often as it is asked, so a crash before it is stored costs nothing. Only a Jellyfin that restarts in these minutes
forgets it, and the person begins again.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from services.linker.clients import Clients
from services.linker.servers.store import ServerRow
from services.linker.signins.domain import Asker, Authorized, Begun, Ended, Outcome, Pending, Proven, Waiting
from services.linker.signins.flows.places import AnotherServerError, chosen_server, proven_server
from services.linker.signins.flows.sessions import end_session
from shared.clients.jellyfin import Jellyfin, QuickConnectExpiredError, QuickConnectOffError
from shared.clients.mediabrowser import SignedIn
from shared.postgres.pool import Pool
from shared.schemas.media import Provider

LIFE: Final = timedelta(minutes=10)
POLL_EVERY: Final = timedelta(seconds=5)


class JellyfinFlow:
    """A `Flow`. The device is the asker's, so that linking again ends his former session and litters no list."""

    def __init__(self, *, pool: Pool, clients: Clients, now: Callable[[], datetime]) -> None:
        self._pool = pool
        self._clients = clients
        self._now = now

    async def begin(self, *, server: str, sign_in_id: str, asker: Asker, forward_url: str) -> Begun:  # noqa: ARG002
        """Begin one; raises `QuickConnectOffError` with what to do instead."""
        row = await chosen_server(self._pool, "jellyfin", server)
        begun_at = self._now()
        try:
            for_whom = sign_in_id if asker.kind == "key" else device_of(asker)
            quick = await self._client(row, for_whom).start_quick_connect()
        except QuickConnectOffError as exc:
            raise QuickConnectOffError(
                f"Quick Connect is off on {row.name}: link with user name and password, or turn it on in its dashboard"
            ) from exc
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

    def _client(self, row: ServerRow, for_whom: str) -> Jellyfin:
        return self._clients.jellyfin(row.place, for_whom=for_whom)


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
