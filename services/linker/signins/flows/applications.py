"""The application that Usher is at Trakt: its id and secret, which whoever runs Usher made there."""

from services.linker.clients import Clients
from services.linker.servers import store
from shared.clients.trakt import Trakt
from shared.errors import ConflictError
from shared.owners import server_token
from shared.postgres.pool import Pool, transaction
from shared.vault import Vault


class NoApplicationError(ConflictError):
    """Nobody can link Trakt yet."""

    title = "Trakt is not set up"

    def __init__(self) -> None:
        super().__init__(
            "no Trakt application is configured: make one at https://trakt.tv/oauth/applications and set "
            "TRAKT_CLIENT_ID and TRAKT_CLIENT_SECRET, or add it as a server of type trakt"
        )


class Applications:
    """Finds the configured application anew each time, for it may be changed at any time and on any replica."""

    def __init__(self, *, pool: Pool, vault: Vault, clients: Clients) -> None:
        self._pool = pool
        self._vault = vault
        self._clients = clients

    async def trakt(self) -> Trakt:
        """Return Trakt, spoken to as the configured application; raises `NoApplicationError`."""
        async with transaction(self._pool) as connection:
            rows = await store.servers_of(connection, "trakt")
        for row in rows:
            secret = await self._vault.get(server_token(row.name, type="trakt"))
            if row.machine_id and secret is not None:
                return self._clients.trakt(client_id=row.machine_id, client_secret=secret)
        raise NoApplicationError
