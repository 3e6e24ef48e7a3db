"""The configured Seerr, with its key from the vault and a client of it."""

from typing import Protocol

import msgspec

from services.linker.servers.store import ServerRow, servers_of
from shared.clients.seerr.rest import Seerr
from shared.errors import PermanentError
from shared.owners import server_token
from shared.postgres.pool import Pool, snapshot
from shared.schemas.directory import ServerAddress
from shared.schemas.secret import Secret
from shared.vault import Vault


class Client(Protocol):
    """Makes a client of Seerr."""

    def __call__(self, address: ServerAddress, *, api_key: Secret) -> Seerr: ...


class ConfiguredSeerr(msgspec.Struct, frozen=True):
    """The configured Seerr, with a client of it."""

    row: ServerRow
    api: Seerr


class SeerrLookup:
    """Looks the configured Seerr up anew each time, because another replica may have changed it."""

    def __init__(self, *, pool: Pool, vault: Vault, client: Client) -> None:
        self._pool = pool
        self._vault = vault
        self._client = client

    async def find(self) -> ConfiguredSeerr | None:
        """Return the configured and enabled Seerr with a client. Raises `PermanentError` where it has no key."""
        async with snapshot(self._pool) as connection:  # a new key is not for the old address
            rows = await servers_of(connection, "seerr")
            if not rows:
                return None
            [row] = rows
            key = await self._vault.get(server_token(row.name, type="seerr"), on=connection)
        if key is None:
            raise PermanentError(f"{row.name} has no API key: set it with PUT /api/seerr")
        return ConfiguredSeerr(row, self._client(row.address, api_key=key))
