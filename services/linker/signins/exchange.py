"""One refresh token for two new ones. It is good for once, so the account's row stays locked until both are stored."""

from collections.abc import Callable
from datetime import datetime

from services.linker.signins import lifetimes
from services.linker.signins.store import renewals
from services.linker.signins.store.renewals import Claim
from shared.clients.trakt import Tokens, Trakt
from shared.keyring import Owner
from shared.owners import TokenKind, account_token
from shared.postgres.pool import Connection
from shared.schemas.secret import Secret
from shared.vault import Vault


class Exchange:
    """Of one claimed account. `tokens` are there from Trakt's answer on, stored or not."""

    def __init__(self, trakt: Trakt, vault: Vault, claim: Claim, *, now: Callable[[], datetime]) -> None:
        self.claim = claim
        self.tokens: Tokens | None = None
        self._trakt = trakt
        self._vault = vault
        self._now = now

    async def run(self, connection: Connection) -> None:
        """Do all of it in a transaction; raises what Trakt's client does."""
        if not await renewals.hold_claim(connection, self.claim):
            return
        refresh = await self._vault.get(self._owner("refresh_token"), on=connection)
        if refresh is None:
            await renewals.put_off(connection, self.claim, renew_at=None)
            return
        self.tokens = await self._trakt.refresh(refresh)
        await self.store(connection)

    async def store(self, connection: Connection) -> None:
        """Keep the new tokens, unless they are kept already, or the account was unlinked or linked anew meanwhile."""
        if self.tokens is None or not await renewals.hold_claim(connection, self.claim):
            return
        now = self._now()
        expires_at = now + (self.tokens.expires_at - self.tokens.created_at)  # by our clock, whatever Trakt's says
        await self._put("refresh_token", self.tokens.refresh, connection)
        await self._put("token", self.tokens.access, connection)
        renew_at = lifetimes.renew_at(expires_at, now=now)
        await renewals.note_renewal(connection, self.claim, expires_at=expires_at, renew_at=renew_at)

    async def _put(self, purpose: TokenKind, secret: Secret, connection: Connection) -> None:
        await self._vault.put(self._owner(purpose), secret, on=connection)

    def _owner(self, purpose: TokenKind) -> Owner:
        linked = self.claim.linked
        return account_token(linked.provider, server=linked.server, account_id=linked.account_id, purpose=purpose)
