"""Is each token still good? Asked once a day; only the other system's own no is a proof that one is dead."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

import structlog

from services.linker.discord import messages
from services.linker.people import ownership
from services.linker.signins.domain import POLL_LIMIT, Check, Held
from services.linker.signins.lifetimes import CHECK_AGAIN, CHECK_EVERY
from services.linker.signins.linking import discord_id_of
from services.linker.signins.store import connections
from services.linker.signins.store.connections import LinkedAccount
from shared.bus.work import Work, Worker
from shared.clients.discord.answering import write_to
from shared.clients.errors import CredentialRefusedError
from shared.errors import UnavailableError, UsherError
from shared.keyring import TamperedError
from shared.loops import AT_ONCE, every
from shared.owners import account_token
from shared.postgres.pool import Pool, transaction
from shared.schemas.events import CredentialDied
from shared.schemas.identifiers import derived_id
from shared.schemas.media import Provider
from shared.vault import Vault

UNREADABLE: Final = "the stored token cannot be opened"
_PAUSE: Final = timedelta(seconds=30)

log = structlog.get_logger()


class Health:
    """A replica's share of the checks."""

    def __init__(
        self,
        *,
        worker: Worker,
        pool: Pool,
        vault: Vault,
        checks: Mapping[Provider, Check],
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
        await every(self._pause, self._round, name="token_checks")

    async def _round(self) -> timedelta | None:
        return AT_ONCE if await self.check_next() else None

    async def check_next(self) -> bool:
        """Check the token that was not looked at for the longest; False where none is due."""
        now = self._now()
        async with transaction(self._pool) as connection:
            linked = await connections.take_due(connection, self._checks, now=now, again_at=now + CHECK_AGAIN)
        if linked is None:
            return False
        try:
            async with asyncio.timeout(POLL_LIMIT.total_seconds()):
                died_of = await self._ask(linked)
        except UnavailableError:
            raise
        except (UsherError, TimeoutError) as exc:
            log.info("token_not_told", provider=linked.provider, account=linked.account_id, reason=str(exc))
            return True
        await self._note(linked, died_of)
        return True

    async def _ask(self, linked: LinkedAccount) -> str | None:
        """Return why a token is dead; None for a good one. Raises where nothing could be learned."""
        owner = account_token(linked.provider, server=linked.server, account_id=linked.account_id)
        try:
            token = await self._vault.get(owner)
        except TamperedError:
            return UNREADABLE
        if token is None:
            return UNREADABLE
        held = Held(provider=linked.provider, server=linked.server, account_id=linked.account_id, token=token)
        try:
            await self._checks[linked.provider](held)
        except CredentialRefusedError as exc:
            return exc.detail
        return None

    async def _note(self, linked: LinkedAccount, died_of: str | None) -> None:
        now = self._now()
        async with self._worker.on_request() as work:
            if died_of is None:
                await connections.note_life(work.connection, linked, at=now, check_at=now + CHECK_EVERY)
            else:
                await bury(work, linked, reason=died_of, at=now)


async def bury(work: Work, linked: LinkedAccount, *, reason: str, at: datetime) -> bool:
    """Note that a token is dead, say so, and tell its person in Discord; False where that was done before."""
    if not await connections.note_death(work.connection, linked, at=at, reason=reason):
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
        write_to(work, discord_id, messages.died(linked.provider, linked.username), service="linker", cause=cause)
    log.warning("credential_died", provider=linked.provider, account=linked.account_id, reason=reason)
    return True
