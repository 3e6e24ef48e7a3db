"""Signs in to Jellyfin by Quick Connect: six digits that the person types on the server's own page.

Polling uses nothing up: after the approval Jellyfin gives the token for ten minutes as often as it is asked, so a crash
before it is stored costs nothing. Only a Jellyfin that restarts in these minutes forgets it; the person begins again.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from services.linker.servers.store import ServerRow
from services.linker.signins.domain import (
    Asker,
    Authorization,
    Ended,
    Outcome,
    Pending,
    PollRequest,
    ProvenAccount,
    SignInCode,
)
from services.linker.signins.flows.server_choice import AnotherServerError, choose_server, verified_machine_id
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
    """A `Flow`. Each asker is one device, so that linking again replaces their former session."""

    def __init__(self, *, pool: Pool, clients: Clients, now: Callable[[], datetime]) -> None:
        self._pool = pool
        self._clients = clients
        self._now = now

    async def begin(self, *, server: str, sign_in_id: str, asker: Asker, forward_url: str) -> SignInCode:  # noqa: ARG002
        """Begin a sign-in; raises `QuickConnectOffError` or `NoQuickConnectError` with what to do instead."""
        row = await choose_server(self._pool, "jellyfin", server)
        client = self._client(row, sign_in_id if asker.kind == "key" else device_of(asker))
        async with self._rate_limit(row).acquire_alone():
            started_at = self._now()
            quick = await _start_quick_connect(client, row.name)
        return SignInCode(
            code=quick.code,
            url=f"{row.url.rstrip('/')}/web/#/quickconnect",
            expires_at=started_at + LIFE,
            poll_every=POLL_EVERY,
            secret=quick.secret,
        )

    async def poll(self, request: PollRequest) -> Outcome:
        """Poll once."""
        if request.secret is None:
            return Ended("expired")
        row = await choose_server(self._pool, "jellyfin", request.server)
        jellyfin = self._client(row, request.sign_in_id)
        try:
            async with self._rate_limit(row).report_refusal():
                if not await jellyfin.is_approved(request.secret):
                    return Pending()
                signed_in = await jellyfin.finish_quick_connect(request.secret)
        except QuickConnectExpiredError:
            return Ended("expired")
        try:
            return authorization_of("jellyfin", row, signed_in)
        except AnotherServerError:
            await end_session(jellyfin, signed_in.token, server=row.name)
            raise

    def _rate_limit(self, row: ServerRow) -> RateLimit:
        return self._clients.server_limit(row.address, type=row.type)

    def _client(self, row: ServerRow, for_whom: str) -> Jellyfin:
        return self._clients.jellyfin(row.address, for_whom=for_whom)


async def _start_quick_connect(client: Jellyfin, name: str) -> QuickConnect:
    try:
        return await client.start_quick_connect()
    except QuickConnectOffError as exc:
        raise QuickConnectOffError(
            f"Quick Connect is off on {name}: {_INSTEAD}, or turn it on in its dashboard"
        ) from exc
    except NoQuickConnectError as exc:
        raise NoQuickConnectError(f"{name} has no Quick Connect, which Jellyfin has from 10.7 on: {_INSTEAD}") from exc


def device_of(asker: Asker, *also: str) -> str:
    """Return an asker's device; `also` tells several accounts of one asker apart."""
    return "/".join((asker.kind, asker.id, *also))


def authorization_of(provider: Provider, row: ServerRow, signed_in: SignedIn) -> Authorization:
    """Return the account and token of a sign-in to Jellyfin or Emby; raises `AnotherServerError`."""
    proven = ProvenAccount(
        provider=provider,
        account_id=signed_in.user.id,
        username=signed_in.user.name,
        server=verified_machine_id(row, signed_in.server_id),
    )
    return Authorization(proven=proven, token=signed_in.token)
