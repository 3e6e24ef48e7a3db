"""The tokens of a linked account, written to the vault on the caller's transaction."""

from shared.keyring import Owner
from shared.owners import account_token
from shared.postgres.pool import Connection
from shared.schemas.media import Provider
from shared.schemas.secret import Secret
from shared.vault import Vault


class AccountTokens:
    """The access token and the refresh token of one account."""

    def __init__(self, vault: Vault, provider: Provider, *, server: str, account_id: str) -> None:
        self._vault = vault
        self._access: Owner = account_token(provider, server=server, account_id=account_id)
        self._refresh: Owner = account_token(provider, server=server, account_id=account_id, purpose="refresh_token")

    async def write(self, connection: Connection, access: Secret, refresh: Secret | None) -> None:
        """Store new tokens; without a refresh token, the old one is removed."""
        await self._vault.put(self._access, access, on=connection)
        if refresh is None:
            await self._vault.remove(self._refresh, on=connection)
        else:
            await self._vault.put(self._refresh, refresh, on=connection)

    async def access_token(self, connection: Connection) -> Secret | None:
        """Return the access token; raises what the vault raises where it cannot be decrypted."""
        return await self._vault.get(self._access, on=connection)

    async def refresh_token(self, connection: Connection) -> Secret | None:
        """Return the refresh token."""
        return await self._vault.get(self._refresh, on=connection)

    async def remove(self, connection: Connection) -> None:
        """Remove both tokens."""
        await self._vault.remove(self._access, on=connection)
        await self._vault.remove(self._refresh, on=connection)
