"""How Jellyfin, Emby and Trakt are asked whether a token still works.

Only the server's own 401 proves that a token is dead: not one from a proxy, from another server at the same address, or
about a token that was just renewed.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime

from services.linker.signins.account_tokens import AccountTokens
from services.linker.signins.domain import AccountToken
from services.linker.signins.flows.server_choice import AnotherServerError, find_server_by_machine_id
from services.linker.signins.flows.trakt_application import TraktApplication
from services.linker.signins.store import renewals
from shared.clients.errors import CredentialRefusedError
from shared.clients.mediabrowser import PublicServer
from shared.errors import TransientError
from shared.postgres.pool import Pool, transaction
from shared.upstreams.clients import Clients
from shared.vault import Vault


class JellyfinCheck:
    """A `TokenCheck`: asks for the token's own user, which API keys do not have."""

    def __init__(self, *, pool: Pool, clients: Clients) -> None:
        self._pool = pool
        self._clients = clients

    async def __call__(self, account: AccountToken) -> None:
        """Ask whose token it is."""
        row = await find_server_by_machine_id(self._pool, "jellyfin", account.server)
        jellyfin = self._clients.jellyfin(row.address, for_whom=_device(account))
        try:
            await jellyfin.me(account.token)
        except CredentialRefusedError:
            await _confirm(jellyfin.public_server, row.name, account)
            raise


class EmbyCheck:
    """A `TokenCheck`: reads the account by its id, because Emby has no call for the token's own user."""

    def __init__(self, *, pool: Pool, clients: Clients) -> None:
        self._pool = pool
        self._clients = clients

    async def __call__(self, account: AccountToken) -> None:
        """Read the account with its own token."""
        row = await find_server_by_machine_id(self._pool, "emby", account.server)
        emby = self._clients.emby(row.address, for_whom=_device(account))
        try:
            await emby.user(account.account_id, account.token)
        except CredentialRefusedError:
            await _confirm(emby.public_server, row.name, account)
            raise


class TraktCheck:
    """A `TokenCheck`; access tokens that have expired, or were renewed meanwhile, are left to the renewal."""

    def __init__(self, *, pool: Pool, vault: Vault, application: TraktApplication, now: Callable[[], datetime]) -> None:
        self._pool = pool
        self._vault = vault
        self._application = application
        self._now = now

    async def __call__(self, account: AccountToken) -> None:
        """Ask whose token it is."""
        trakt = await self._application.client()
        try:
            await trakt.account(account.token)
        except CredentialRefusedError as exc:
            if await self._is_renewed(account):
                raise TransientError("the token is being renewed") from exc
            raise

    async def _is_renewed(self, account: AccountToken) -> bool:
        """Return whether another token is stored, or can be had by a renewal."""
        account_tokens = AccountTokens(self._vault, "trakt", server=account.server, account_id=account.account_id)
        async with transaction(self._pool) as connection:
            state = await renewals.lock_token_state(
                connection, "trakt", server=account.server, account_id=account.account_id
            )
            is_other = await account_tokens.access_token(connection) != account.token
            can_renew = await account_tokens.refresh_token(connection) is not None
        if state is None or is_other:
            return True
        has_expired = state.expires_at is not None and state.expires_at <= self._now()
        return state.is_ok and has_expired and can_renew


def _device(account: AccountToken) -> str:
    """Return a device that nobody signs in from: a sign-in would end its other sessions."""
    return f"check/{account.server}/{account.account_id}"


async def _confirm(public_server: Callable[[], Awaitable[PublicServer]], name: str, account: AccountToken) -> None:
    """Raise where the 401 is not the server's own: its public page needs no credential."""
    try:
        answered = await public_server()
    except CredentialRefusedError as exc:
        raise TransientError(f"something in front of {name} asks for a credential of its own") from exc
    if answered.id != account.server:
        raise AnotherServerError(name)
