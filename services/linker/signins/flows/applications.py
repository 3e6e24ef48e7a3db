"""The application that Usher is at Trakt: its id and secret, which whoever runs Usher made there."""

from typing import Final
from urllib.parse import unquote, urlsplit

from services.linker.servers import store
from services.linker.servers.store import ServerRow
from shared.clients.trakt import Trakt
from shared.errors import ConflictError
from shared.owners import server_token
from shared.postgres.pool import Pool, snapshot
from shared.upstreams.clients import Clients
from shared.vault import Vault

_SHORTEST: Final = 32
"""Characters; client ids have 64."""


class NoApplicationError(ConflictError):
    """Nobody can link Trakt yet."""

    title = "Trakt is not set up"

    def __init__(self) -> None:
        super().__init__(
            "no Trakt application is configured: make one at https://trakt.tv/oauth/applications and set "
            "TRAKT_CLIENT_ID and TRAKT_CLIENT_SECRET"
        )


class Applications:
    """Finds the configured application anew each time, for it may be changed at any time and on any replica."""

    def __init__(self, *, pool: Pool, vault: Vault, clients: Clients) -> None:
        self._pool = pool
        self._vault = vault
        self._clients = clients
        self.rate_limit: Final = clients.trakt_limit

    async def trakt(self) -> Trakt:
        """Return Trakt, spoken to as the configured application; raises `NoApplicationError`."""
        async with snapshot(self._pool) as connection:  # an id with the secret of another would be refused
            for row in await store.servers_of(connection, "trakt"):
                secret = await self._vault.get(server_token(row.name, type="trakt"), on=connection)
                if (client_id := client_id_of(row)) and secret is not None:
                    return self._clients.trakt(client_id=client_id, client_secret=secret)
        raise NoApplicationError


def client_id_of(row: ServerRow) -> str:
    """Return an application's client id: said as the machine's, or at the end of its address; "" where it is not said.

    At the end of Trakt's own page about an application stands another number.
    """
    last = unquote(urlsplit(row.url).path.rstrip("/").rpartition("/")[2])
    return row.machine_id or ("" if last.isdecimal() or len(last) < _SHORTEST else last)
