"""Forgets a credential: out of the vault at once, and ended at the other system where that has a call for it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

import msgspec
import structlog

from services.linker.signins.domain import Authorized, Held, Proven, Revoke
from services.linker.signins.store import connections
from services.linker.signins.store.connections import LinkedAccount
from shared.bus.message import Message
from shared.bus.work import Work
from shared.clients.errors import CredentialRefusedError
from shared.errors import PermanentError
from shared.keyring import Owner
from shared.owners import account_token
from shared.schemas.events import AccountUnlinked
from shared.schemas.identifiers import derived_id
from shared.schemas.job import Job
from shared.schemas.media import Provider
from shared.schemas.sealed_secret import SealedSecret
from shared.schemas.secret import Secret
from shared.sealing import Sealer
from shared.vault import Vault

REVOKED: Final[tuple[Provider, ...]] = ("jellyfin", "emby", "trakt")
"""Systems that have a call to end a token."""
_LEFT: Final[tuple[Provider, ...]] = ("trakt",)
"""It is not known what the end of one token does to an account's others here: while one is in use, all are left."""
_PURPOSE: Final = "revoked-token"

log = structlog.get_logger()


class RevokeToken(Job, queue="linker", name="revoke", frozen=True, kw_only=True):
    """End a token that nobody needs any more."""

    provider: Provider
    server: str
    account_id: str
    token: SealedSecret


class Unlinking:
    """Forgets one account's tokens."""

    def __init__(self, vault: Vault, sealer: Sealer, *, now: Callable[[], datetime]) -> None:
        self._vault = vault
        self._sealer = sealer
        self._now = now

    async def __call__(self, work: Work, linked: LinkedAccount, *, reason: str = "") -> bool:
        """Forget them and say so; False where somebody else was quicker."""
        if not await connections.remove(work.connection, linked):
            return False
        cause = derived_id("account.unlinked", *linked.key, linked.linked_at)
        owner = account_token(linked.provider, server=linked.server, account_id=linked.account_id)
        if linked.provider in REVOKED and (token := await self._token(work, owner)) is not None:
            held = Held(provider=linked.provider, server=linked.server, account_id=linked.account_id, token=token)
            self.revoke(work, held, cause=cause)
        await self._vault.remove(owner, on=work.connection)
        await self._vault.remove(msgspec.structs.replace(owner, purpose="refresh_token"), on=work.connection)
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

    async def turn_away(self, work: Work, authorized: Authorized, *, cause: str) -> None:
        """Let a token end that came of a sign-in and is not kept, unless it is what the account is linked with."""
        proven = authorized.proven
        if proven.provider not in REVOKED:
            return
        held = _held(proven, authorized.token)
        try:
            if not await self._is_in_use(work, held):
                self.revoke(work, held, cause=cause)
        except PermanentError as exc:  # what is too odd to be kept is too odd to be sent
            log.warning("token_not_turned_away", provider=held.provider, reason=exc.detail)

    async def replace(self, work: Work, authorized: Authorized, *, cause: str) -> None:
        """Let the token end that an account is linked with, because another one takes its place."""
        proven = authorized.proven
        if proven.provider not in REVOKED or proven.provider in _LEFT:
            return
        owner = account_token(proven.provider, server=proven.server, account_id=proven.account_id)
        before = await self._token(work, owner)
        if before is not None and before != authorized.token:
            self.revoke(work, _held(proven, before), cause=derived_id("replaced", cause))

    async def _is_in_use(self, work: Work, held: Held) -> bool:
        owner = account_token(held.provider, server=held.server, account_id=held.account_id)
        kept = await self._token(work, owner)
        return kept is not None and (kept == held.token or held.provider in _LEFT)

    def revoke(self, work: Work, held: Held, *, cause: str) -> None:
        """Let a token end over there, once for each cause; without an `account_id` nobody knows yet whose it is."""
        job = RevokeToken(
            provider=held.provider,
            server=held.server,
            account_id=held.account_id,
            token=self._sealer.seal(held.token, purpose=_PURPOSE),
        )
        work.give(job, cause=cause, message_id=derived_id("revoke", cause))

    async def _token(self, work: Work, owner: Owner) -> Secret | None:
        try:
            return await self._vault.get(owner, on=work.connection)
        except PermanentError as exc:  # it does not open: it goes all the same
            log.warning("token_not_revoked", account=str(owner), reason=exc.detail)
            return None


def _held(proven: Proven, token: Secret) -> Held:
    return Held(provider=proven.provider, server=proven.server, account_id=proven.account_id, token=token)


class Revocations:
    """Does the job; a token that was dead already is as good."""

    def __init__(self, sealer: Sealer, revokers: Mapping[Provider, Revoke]) -> None:
        self._sealer = sealer
        self._revokers = revokers

    async def revoke(self, job: RevokeToken, _message: Message) -> None:
        """End a token at the system that gave it."""
        if job.provider not in self._revokers:
            return
        token = self._sealer.unseal(job.token, purpose=_PURPOSE)
        held = Held(provider=job.provider, server=job.server, account_id=job.account_id, token=token)
        try:
            await self._revokers[job.provider](held)
        except CredentialRefusedError:
            return
