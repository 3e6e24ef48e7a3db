"""Unlinks accounts: removes their tokens from the vault, and revokes them where the other system has a call for it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

import structlog

from services.linker.signins.account_tokens import AccountTokens
from services.linker.signins.domain import AccountToken, Authorization, ProvenAccount, TokenRevoker
from services.linker.signins.store import connections
from services.linker.signins.store.connections import LinkedAccount
from shared.bus.message import Message
from shared.bus.work import Work
from shared.clients.errors import CredentialRefusedError
from shared.errors import PermanentError
from shared.schemas.events import AccountUnlinked
from shared.schemas.identifiers import derived_id
from shared.schemas.job import Job
from shared.schemas.media import Provider
from shared.schemas.sealed_secret import SealedSecret
from shared.schemas.secret import Secret
from shared.sealing import Sealer
from shared.vault import Vault

REVOCABLE: Final[tuple[Provider, ...]] = ("jellyfin", "emby", "trakt")
"""Systems that have a call to revoke a token."""
_REVOKED_IF_UNUSED: Final[tuple[Provider, ...]] = ("trakt",)
"""Systems where revoking one token may end others of the account: nothing is revoked while one is in use."""
_PURPOSE: Final = "revoked-token"

log = structlog.get_logger()
Account = ProvenAccount | LinkedAccount | AccountToken


class RevokeToken(Job, queue="linker", name="revoke", frozen=True, kw_only=True):
    """Revoke a token that is no longer needed."""

    provider: Provider
    server: str
    account_id: str
    token: SealedSecret


class AccountUnlinker:
    """Removes and revokes accounts' tokens."""

    def __init__(self, vault: Vault, sealer: Sealer, *, now: Callable[[], datetime]) -> None:
        self._vault = vault
        self._sealer = sealer
        self._now = now

    async def unlink(self, work: Work, linked: LinkedAccount, *, reason: str = "") -> bool:
        """Unlink an account and publish that; False where it was unlinked before."""
        if not await connections.remove(work.connection, linked):
            return False
        cause = derived_id("account.unlinked", *linked.key, linked.linked_at)
        if linked.provider in REVOCABLE and (token := await self._read_token(work, linked)) is not None:
            self.revoke(work, _token_of(linked, token), cause=cause)
        await self._account_tokens(linked).remove(work.connection)
        work.publish(
            AccountUnlinked(
                id=cause,
                occurred_at=self._now(),
                person_id=linked.person_id,
                provider=linked.provider,
                account_id=linked.account_id,
                server=linked.server,
                reason=reason,
            )
        )
        return True

    async def revoke_unused(self, work: Work, authorized: Authorization, *, cause: str) -> None:
        """Revoke the token of a sign-in that was not linked, unless the account is linked with it."""
        proven = authorized.proven
        if proven.provider not in REVOCABLE:
            return
        account = _token_of(proven, authorized.token)
        try:
            if not await self._is_in_use(work, account):
                self.revoke(work, account, cause=cause)
        except PermanentError as exc:  # a token that cannot be stored cannot be sent either
            log.warning("token_not_turned_away", provider=account.provider, reason=exc.detail)

    async def revoke_replaced(self, work: Work, authorized: Authorization, *, cause: str) -> None:
        """Revoke the token that an account is linked with, because another one replaces it."""
        proven = authorized.proven
        if proven.provider not in REVOCABLE or proven.provider in _REVOKED_IF_UNUSED:
            return
        before = await self._read_token(work, proven)
        if before is not None and before != authorized.token:
            self.revoke(work, _token_of(proven, before), cause=derived_id("replaced", cause))

    async def _is_in_use(self, work: Work, account: AccountToken) -> bool:
        stored = await self._read_token(work, account)
        return stored is not None and (stored == account.token or account.provider in _REVOKED_IF_UNUSED)

    def revoke(self, work: Work, account: AccountToken, *, cause: str) -> None:
        """Have a token revoked, once for each cause; `account_id` is empty where it is not known yet."""
        job = RevokeToken(
            provider=account.provider,
            server=account.server,
            account_id=account.account_id,
            token=self._sealer.seal(account.token, purpose=_PURPOSE),
        )
        work.give(job, cause=cause, message_id=derived_id("revoke", cause))

    def _account_tokens(self, account: Account) -> AccountTokens:
        return AccountTokens(self._vault, account.provider, server=account.server, account_id=account.account_id)

    async def _read_token(self, work: Work, account: Account) -> Secret | None:
        try:
            return await self._account_tokens(account).access_token(work.connection)
        except PermanentError as exc:  # it cannot be decrypted: it is removed all the same
            log.warning("token_not_revoked", provider=account.provider, account=account.account_id, reason=exc.detail)
            return None


def _token_of(account: Account, token: Secret) -> AccountToken:
    return AccountToken(provider=account.provider, server=account.server, account_id=account.account_id, token=token)


class TokenRevocation:
    """Does the jobs; a token that is dead already counts as revoked."""

    def __init__(self, sealer: Sealer, revokers: Mapping[Provider, TokenRevoker]) -> None:
        self._sealer = sealer
        self._revokers = revokers

    async def revoke(self, job: RevokeToken, _message: Message) -> None:
        """Revoke a token at the system that issued it."""
        if job.provider not in self._revokers:
            return
        token = self._sealer.unseal(job.token, purpose=_PURPOSE)
        account = AccountToken(provider=job.provider, server=job.server, account_id=job.account_id, token=token)
        try:
            await self._revokers[job.provider](account)
        except CredentialRefusedError:
            return
