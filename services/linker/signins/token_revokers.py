"""How tokens are revoked at Jellyfin, Emby and Trakt.

A server or application that is no longer configured is not called; its owner has to remove what is left there.
"""

from services.linker.signins.domain import AccountToken
from services.linker.signins.flows.server_choice import find_server_by_machine_id
from services.linker.signins.flows.trakt_application import NoApplicationError, TraktApplication
from services.linker.signins.store import connections
from shared.errors import UnknownServerError
from shared.postgres.pool import Pool, transaction
from shared.upstreams.clients import Clients


class MediaServerRevoker:
    """A `TokenRevoker` for Jellyfin and Emby: ends the token's session."""

    def __init__(self, *, pool: Pool, clients: Clients) -> None:
        self._pool = pool
        self._clients = clients

    async def __call__(self, account: AccountToken) -> None:
        """End the session."""
        try:
            row = await find_server_by_machine_id(self._pool, account.provider, account.server)
        except UnknownServerError:
            return
        make = self._clients.jellyfin if account.provider == "jellyfin" else self._clients.emby
        await make(row.address, for_whom=f"{account.server}/{account.account_id}").sign_out(account.token)


class TraktRevoker:
    """A `TokenRevoker` for Trakt: ends a token and its refresh token.

    That may end the account's other tokens too, so nothing is revoked while one is in use.
    """

    def __init__(self, *, pool: Pool, application: TraktApplication) -> None:
        self._pool = pool
        self._application = application

    async def __call__(self, account: AccountToken) -> None:
        """Revoke the token, unless another of the account is in use."""
        try:
            trakt = await self._application.client()
        except NoApplicationError:
            return
        account_id = account.account_id or (await trakt.account(account.token)).id
        async with transaction(self._pool) as connection:
            linked = await connections.find(connection, "trakt", server="", account_id=account_id)
        if linked is None or linked.state == "dead":
            await trakt.revoke(account.token)
