"""Usher's application at Trakt: its client id and secret, which the administrator created there."""

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
    """Trakt is not set up, so nobody can link it."""

    title = "Trakt is not set up"

    def __init__(self) -> None:
        super().__init__(
            "no Trakt application is configured: make one at https://trakt.tv/oauth/applications and set "
            "TRAKT_CLIENT_ID and TRAKT_CLIENT_SECRET"
        )


class TraktApplication:
    """Reads the configured application each time, because any replica may change it at any time."""

    def __init__(self, *, pool: Pool, vault: Vault, clients: Clients) -> None:
        self._pool = pool
        self._vault = vault
        self._clients = clients
        self.rate_limit: Final = clients.trakt_limit

    async def client(self) -> Trakt:
        """Return a client of Trakt for the configured application; raises `NoApplicationError`."""
        async with snapshot(self._pool) as connection:  # Trakt refuses an id with another application's secret
            for row in await store.servers_of(connection, "trakt"):
                secret = await self._vault.get(server_token(row.name, type="trakt"), on=connection)
                if (client_id := client_id_of(row)) and secret is not None:
                    return self._clients.trakt(client_id=client_id, client_secret=secret)
        raise NoApplicationError


def client_id_of(row: ServerRow) -> str:
    """Return an application's client id: its machine id, or the end of its address; "" where there is neither.

    The address of Trakt's own page about an application ends in another number.
    """
    last = unquote(urlsplit(row.url).path.rstrip("/").rpartition("/")[2])
    return row.machine_id or ("" if last.isdecimal() or len(last) < _SHORTEST else last)
