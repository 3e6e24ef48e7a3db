"""Asks Jellyfin, Emby and Trakt whether a token is still good.

Only the server itself can say that it is dead: a 401 of a proxy in front of it, of another server behind its address,
or about a token that was just renewed is no proof.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime

from services.linker.signins.domain import Held
from services.linker.signins.flows.applications import Applications
from services.linker.signins.flows.places import AnotherServerError, server_of_machine
from services.linker.signins.store import renewals
from shared.clients.errors import CredentialRefusedError
from shared.clients.mediabrowser import PublicServer
from shared.errors import TransientError
from shared.owners import account_token
from shared.postgres.pool import Pool, transaction
from shared.upstreams.clients import Clients
from shared.vault import Vault


class JellyfinCheck:
    """A `Check` of tokens of people; API keys are nobody's and have none."""

    def __init__(self, *, pool: Pool, clients: Clients) -> None:
        self._pool = pool
        self._clients = clients

    async def __call__(self, held: Held) -> None:
        """Ask whose the token is."""
        row = await server_of_machine(self._pool, "jellyfin", held.server)
        jellyfin = self._clients.jellyfin(row.address, for_whom=_device(held))
        try:
            await jellyfin.me(held.token)
        except CredentialRefusedError:
            await _confirm(jellyfin.public_server, row.name, held)
            raise


class EmbyCheck:
    """A `Check`; Emby knows no "me", so the account is read by its id."""

    def __init__(self, *, pool: Pool, clients: Clients) -> None:
        self._pool = pool
        self._clients = clients

    async def __call__(self, held: Held) -> None:
        """Read the account with its own token."""
        row = await server_of_machine(self._pool, "emby", held.server)
        emby = self._clients.emby(row.address, for_whom=_device(held))
        try:
            await emby.user(held.account_id, held.token)
        except CredentialRefusedError:
            await _confirm(emby.public_server, row.name, held)
            raise


class TraktCheck:
    """A `Check`; access tokens that have ended, or were renewed while we asked, are the renewal's business."""

    def __init__(self, *, pool: Pool, vault: Vault, applications: Applications, now: Callable[[], datetime]) -> None:
        self._pool = pool
        self._vault = vault
        self._applications = applications
        self._now = now

    async def __call__(self, held: Held) -> None:
        """Ask whose the token is."""
        trakt = await self._applications.trakt()
        try:
            await trakt.account(held.token)
        except CredentialRefusedError as exc:
            if await self._is_renewed(held):
                raise TransientError("the token is being renewed") from exc
            raise

    async def _is_renewed(self, held: Held) -> bool:
        """Say whether another token is there, or is to be had for the asking."""
        owner = account_token("trakt", server=held.server, account_id=held.account_id)
        refresh = account_token("trakt", server=held.server, account_id=held.account_id, purpose="refresh_token")
        async with transaction(self._pool) as connection:
            standing = await renewals.hold_standing(connection, "trakt", server=held.server, account_id=held.account_id)
            is_other = await self._vault.get(owner, on=connection) != held.token
            can_renew = await self._vault.get(refresh, on=connection) is not None
        if standing is None or is_other:
            return True
        has_ended = standing.expires_at is not None and standing.expires_at <= self._now()
        return standing.is_ok and has_ended and can_renew


def _device(held: Held) -> str:
    """Return for whom a check is: a device that nobody signs in from, for a sign-in would end other sessions of it."""
    return f"check/{held.server}/{held.account_id}"


async def _confirm(public_server: Callable[[], Awaitable[PublicServer]], name: str, held: Held) -> None:
    """Let a 401 count only where the server itself answers: its first page asks for no credential."""
    try:
        answered = await public_server()
    except CredentialRefusedError as exc:
        raise TransientError(f"something in front of {name} asks for a credential of its own") from exc
    if answered.id != held.server:
        raise AnotherServerError(name)
