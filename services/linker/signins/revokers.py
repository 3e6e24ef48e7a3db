"""Ends tokens at Jellyfin, Emby and Trakt that nobody needs any more.

A server or an application that is not configured any more cannot be told; its owner ends what is left there.
"""

from services.linker.signins.domain import Held
from services.linker.signins.flows.applications import Applications, NoApplicationError
from services.linker.signins.flows.places import server_of_machine
from services.linker.signins.store import connections
from shared.errors import UnknownServerError
from shared.postgres.pool import Pool, transaction
from shared.upstreams.clients import Clients


class MediaServerRevoke:
    """A `Revoke` for Jellyfin and Emby: the session of the token ends."""

    def __init__(self, *, pool: Pool, clients: Clients) -> None:
        self._pool = pool
        self._clients = clients

    async def __call__(self, held: Held) -> None:
        """End it."""
        try:
            row = await server_of_machine(self._pool, held.provider, held.server)
        except UnknownServerError:
            return
        make = self._clients.jellyfin if held.provider == "jellyfin" else self._clients.emby
        await make(row.address, for_whom=f"{held.server}/{held.account_id}").sign_out(held.token)


class TraktRevoke:
    """A `Revoke` for Trakt: a token and the one that renews it end.

    What becomes of an account's other tokens then is not known: where one is in use, this one is left.
    """

    def __init__(self, *, pool: Pool, applications: Applications) -> None:
        self._pool = pool
        self._applications = applications

    async def __call__(self, held: Held) -> None:
        """End them."""
        try:
            trakt = await self._applications.trakt()
        except NoApplicationError:
            return
        account_id = held.account_id or (await trakt.account(held.token)).id
        async with transaction(self._pool) as connection:
            linked = await connections.find(connection, "trakt", server="", account_id=account_id)
        if linked is None or linked.state == "dead":
            await trakt.revoke(held.token)
