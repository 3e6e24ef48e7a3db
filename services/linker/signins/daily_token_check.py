"""Checks once a day whether each linked account's token still works, and reports those that are dead."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

import structlog

from services.linker.discord import messages
from services.linker.people import ownership
from services.linker.signins.domain import POLL_TIMEOUT, AccountToken, TokenCheck
from services.linker.signins.due_times import CHECK_AGAIN, CHECK_EVERY
from services.linker.signins.link_account import discord_id_of
from services.linker.signins.store import connections
from services.linker.signins.store.connections import LinkedAccount
from shared.bus.work import Work, Worker
from shared.clients.errors import CredentialRefusedError
from shared.discord.replying import write_to
from shared.errors import UnavailableError, UsherError
from shared.keyring import TamperedError
from shared.loops import AT_ONCE, every
from shared.owners import account_token
from shared.postgres.pool import Pool, transaction
from shared.schemas.events import CredentialDied
from shared.schemas.identifiers import derived_id
from shared.schemas.media import Provider
from shared.vault import Vault

UNREADABLE: Final = "the stored token cannot be decrypted"
_PAUSE: Final = timedelta(seconds=30)

log = structlog.get_logger()


class DailyTokenCheck:
    """A replica's share of the checks."""

    def __init__(
        self,
        *,
        worker: Worker,
        pool: Pool,
        vault: Vault,
        checks: Mapping[Provider, TokenCheck],
        now: Callable[[], datetime],
        pause: timedelta = _PAUSE,
    ) -> None:
        self._worker = worker
        self._pool = pool
        self._vault = vault
        self._checks = checks
        self._now = now
        self._pause = pause

    async def run(self) -> None:
        """Check what is due until cancelled."""
        await every(self._pause, self._check_next, name="token_checks")

    async def _check_next(self) -> timedelta | None:
        return AT_ONCE if await self.check_next() else None

    async def check_next(self) -> bool:
        """Check the token whose last check is longest ago; False where none is due."""
        now = self._now()
        async with transaction(self._pool) as connection:
            linked = await connections.take_due(connection, self._checks, now=now, again_at=now + CHECK_AGAIN)
        if linked is None:
            return False
        try:
            async with asyncio.timeout(POLL_TIMEOUT.total_seconds()):
                refusal = await self._ask(linked)
        except UnavailableError:
            raise
        except (UsherError, TimeoutError) as exc:
            log.info("token_not_told", provider=linked.provider, account=linked.account_id, reason=str(exc))
            return True
        await self._note(linked, refusal)
        return True

    async def _ask(self, linked: LinkedAccount) -> str | None:
        """Return why a token is dead; None for one that works. Raises where that could not be found out."""
        owner = account_token(linked.provider, server=linked.server, account_id=linked.account_id)
        try:
            token = await self._vault.get(owner)
        except TamperedError:
            return UNREADABLE
        if token is None:
            return UNREADABLE
        account = AccountToken(
            provider=linked.provider, server=linked.server, account_id=linked.account_id, token=token
        )
        try:
            await self._checks[linked.provider](account)
        except CredentialRefusedError as exc:
            return exc.detail
        return None

    async def _note(self, linked: LinkedAccount, refusal: str | None) -> None:
        now = self._now()
        async with self._worker.on_request() as work:
            if refusal is None:
                await connections.note_good(work.connection, linked, at=now, check_at=now + CHECK_EVERY)
            else:
                await mark_dead(work, linked, reason=refusal, at=now)


async def mark_dead(work: Work, linked: LinkedAccount, *, reason: str, at: datetime) -> bool:
    """Mark a token as dead, publish that, and write to its person in Discord; False where that was done before."""
    if not await connections.note_dead(work.connection, linked, at=at, reason=reason):
        return False
    person = await ownership.load_person(work.connection, linked.person_id)
    discord_id = discord_id_of(person)
    cause = derived_id("credential.died", *linked.key, linked.linked_at)
    work.publish(
        CredentialDied(
            id=cause,
            occurred_at=at,
            person_id=person.id,
            provider=linked.provider,
            account_id=linked.account_id,
            server=linked.server,
            discord_id=discord_id,
        )
    )
    if discord_id is not None:
        write_to(
            work, discord_id, messages.relink_request(linked.provider, linked.username), service="linker", cause=cause
        )
    log.warning("credential_died", provider=linked.provider, account=linked.account_id, reason=reason)
    return True
