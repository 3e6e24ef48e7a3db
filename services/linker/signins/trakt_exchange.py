"""Exchanges a refresh token for two new tokens. It works once, so the account stays locked until both are stored."""

from collections.abc import Callable
from datetime import datetime

from services.linker.signins import due_times
from services.linker.signins.account_tokens import AccountTokens
from services.linker.signins.store import renewals
from services.linker.signins.store.renewals import Claim
from shared.clients.trakt import Tokens, Trakt
from shared.postgres.pool import Connection
from shared.vault import Vault


class TraktExchange:
    """The exchange for one claimed account. `tokens` is set as soon as Trakt has answered, stored or not."""

    def __init__(self, trakt: Trakt, vault: Vault, claim: Claim, *, now: Callable[[], datetime]) -> None:
        self.claim = claim
        self.tokens: Tokens | None = None
        self._trakt = trakt
        self._account_tokens = AccountTokens(
            vault, claim.linked.provider, server=claim.linked.server, account_id=claim.linked.account_id
        )
        self._now = now

    async def run(self, connection: Connection) -> None:
        """Do all of it in one transaction; raises what Trakt's client raises."""
        if not await renewals.lock_claim(connection, self.claim):
            return
        refresh = await self._account_tokens.refresh_token(connection)
        if refresh is None:
            await renewals.postpone(connection, self.claim, renew_at=None)
            return
        self.tokens = await self._trakt.refresh(refresh)
        await self.store(connection)

    async def store(self, connection: Connection) -> None:
        """Store the new tokens, unless they are stored, or the account was unlinked or linked again meanwhile."""
        if self.tokens is None or not await renewals.lock_claim(connection, self.claim):
            return
        now = self._now()
        expires_at = now + (self.tokens.expires_at - self.tokens.created_at)  # by our clock, whatever Trakt's shows
        await self._account_tokens.write(connection, self.tokens.access, self.tokens.refresh)
        renew_at = due_times.renew_at(expires_at, now=now)
        await renewals.note_renewal(connection, self.claim, expires_at=expires_at, renew_at=renew_at)
