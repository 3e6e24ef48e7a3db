"""Ends a sign-in: stores the outcome once, removes its secrets, and replies to the interaction that asked for it."""

from collections.abc import Callable
from datetime import datetime

import msgspec
import structlog

from services.linker.discord import messages
from services.linker.signins.domain import AccountToken, ProvenAccount, SignInRow, State
from services.linker.signins.flows.trakt import redeemed_access_token
from services.linker.signins.store import sign_ins
from services.linker.signins.unlink_account import AccountUnlinker
from shared.bus.work import Work
from shared.discord.messages import Message
from shared.errors import PermanentError
from shared.keyring import Owner
from shared.owners import reply_token, sign_in_secret
from shared.postgres.pool import Connection
from shared.schemas.identifiers import derived_id
from shared.schemas.interactions import TOKEN, Interaction, Reply
from shared.schemas.secret import Secret
from shared.sealing import Sealer
from shared.vault import Vault

log = structlog.get_logger()


class SignInEnder:
    """Stores the token for the reply about a sign-in's end, and uses it once."""

    def __init__(self, vault: Vault, sealer: Sealer, unlinker: AccountUnlinker, *, now: Callable[[], datetime]) -> None:
        self._vault = vault
        self._sealer = sealer
        self._unlinker = unlinker
        self._now = now

    async def reply_to(self, work: Work, row: SignInRow, interaction: Interaction) -> None:
        """Reply to this interaction when a sign-in ends; the reply to an earlier one says that it is superseded."""
        token = self._sealer.unseal(interaction.token, purpose=TOKEN)
        if row.interaction_id not in {None, interaction.id}:
            await self._reply(work, row, messages.CONTINUED_ELSEWHERE, cause=interaction.id, may_lapse=True)
        await sign_ins.set_interaction(work.connection, row.id, interaction_id=interaction.id)
        await self._vault.put(reply_token(row.id), token, on=work.connection)

    async def end(
        self,
        work: Work,
        sign_in_id: str,
        *,
        state: State,
        reason: str | None = None,
        proven: ProvenAccount | None = None,
    ) -> SignInRow | None:
        """End a sign-in; None where it has ended before."""
        row = await sign_ins.end(work.connection, sign_in_id, state=state, reason=reason, proven=proven)
        if row is None:
            return None
        if state != "authorized":
            await self._revoke_redeemed_token(work, row)
        await self._vault.remove(sign_in_secret(row.id, provider=row.provider), on=work.connection)
        await self._reply(work, row, messages.sign_in_outcome(row.as_sign_in(now=self._now())), cause=state)
        log.info("sign_in_ended", sign_in=row.id, provider=row.provider, state=state, reason=reason)
        return row

    async def _revoke_redeemed_token(self, work: Work, row: SignInRow) -> None:
        """Revoke a token that was issued for the code already and will not be linked."""
        secret = await self._read_secret(work.connection, row, sign_in_secret(row.id, provider=row.provider))
        token = None if secret is None else redeemed_access_token(secret)
        if token is not None:
            account = AccountToken(provider=row.provider, server="", account_id="", token=token)
            self._unlinker.revoke(work, account, cause=row.id)

    async def _reply(self, work: Work, row: SignInRow, said: Message, *, cause: str, may_lapse: bool = False) -> None:
        if row.interaction_id is None:
            return
        token = await self._read_secret(work.connection, row, reply_token(row.id))
        await self._vault.remove(reply_token(row.id), on=work.connection)
        if token is None:
            return
        reply = Reply(
            interaction_id=row.interaction_id,
            user_id=row.asker.id,
            token=self._sealer.seal(token, purpose=TOKEN),
            message=msgspec.Raw(msgspec.json.encode(said)),
            may_lapse=may_lapse,
        )
        message_id = derived_id("reply", row.id, row.interaction_id, cause)
        work.give(reply, cause=cause, queue="linker", message_id=message_id)

    async def _read_secret(self, connection: Connection, row: SignInRow, owner: Owner) -> Secret | None:
        try:
            return await self._vault.get(owner, on=connection)
        except PermanentError as exc:  # it cannot be decrypted: the sign-in ends all the same
            log.warning("sign_in_secret_lost", sign_in=row.id, purpose=owner.purpose, reason=exc.detail)
            return None
