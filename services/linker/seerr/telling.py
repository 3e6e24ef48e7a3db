"""Tells Seerr what it needs of a person: the Discord id to mention, and, where switched on, the Plex token."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from services.linker.seerr import domain, store
from services.linker.seerr.desk import Desk
from services.linker.seerr.store import Seeker
from shared.clients.seerr.dialect import Dialect
from shared.clients.seerr.rest import Seerr
from shared.clients.seerr.settings import discord_ids
from shared.errors import PermanentError, TransientError
from shared.http.calls import RefusedError
from shared.owners import account_token
from shared.postgres.pool import Pool, transaction
from shared.vault import Vault

SETTLES_IN: Final = timedelta(seconds=1)
"""Seerr answers before it has saved; it is asked once more after so long."""
GONE: Final = 404

log = structlog.get_logger()


class Telling:
    """Writes to Seerr about persons who have a user there."""

    def __init__(self, *, pool: Pool, vault: Vault, now: Callable[[], datetime], settles_in: timedelta) -> None:
        self._pool = pool
        self._vault = vault
        self._now = now
        self._settles_in = settles_in

    async def tell(self, desk: Desk, seeker: Seeker, number: int) -> None:
        """Tell it all; why Seerr refuses is kept for people before it is raised."""
        try:
            await self._write_discord_id(desk.api, seeker, number)
            await self._give_token(desk, seeker, number)
        except PermanentError as exc:
            async with transaction(self._pool) as connection:
                await store.note_problem(connection, seeker.person_id, exc.detail)
            raise

    async def _write_discord_id(self, api: Seerr, seeker: Seeker, number: int) -> None:
        """Write a person's Discord id to his user, and take it out of users who are nobody's.

        Raises `TransientError` where Seerr has not kept it yet.
        """
        if not seeker.discord_ids:
            return
        dialect = await api.dialect()
        wanted = seeker.discord_ids if dialect is Dialect.SEERR_3_3 else seeker.discord_ids[:1]
        await self._take_out(api, seeker, number, dialect)
        is_sent = [await api.write_discord_id(number, each, dialect=dialect) for each in wanted]
        if any(is_sent):
            await asyncio.sleep(self._settles_in.total_seconds())
            kept = discord_ids(await api.notification_settings(number))
            if not set(wanted) <= set(kept):
                raise TransientError(f"{seeker.name}'s Discord id has not arrived at Seerr yet")
        async with transaction(self._pool) as connection:
            await store.note_discord_ids(connection, {number: wanted}, at=self._now())
            await store.note_told(connection, seeker.person_id, discord_id=wanted[0])

    async def _give_token(self, desk: Desk, seeker: Seeker, number: int) -> None:
        """Give Seerr the Plex token of the person's account, or keep the reason why it does not take it."""
        if not desk.row.gives_token:
            return
        user = await desk.api.user(number)
        account = domain.plex_account_of(user, seeker.accounts)
        if account is None:
            if any(one.provider == "plex" for one in seeker.accounts):
                await self._note(seeker, f"Seerr's user {number} has another Plex account or e-mail address")
            return
        token = await self._vault.get(account_token("plex", server="", account_id=account.id))
        if token is None:
            return
        if not domain.is_classic(token.reveal()):
            await self._note(seeker, "the Plex token ends within a week: Seerr is given only those that last")
            return
        try:
            await desk.api.give_plex_token(token)
        except PermanentError as exc:
            await self._note(seeker, exc.detail)
        else:
            await self._note(seeker, None)

    async def _take_out(self, api: Seerr, seeker: Seeker, number: int, dialect: Dialect) -> None:
        async with transaction(self._pool) as connection:
            others = await store.others_with(connection, seeker.discord_ids, number=number)
        for other, discord_id in others:
            try:
                await api.remove_discord_id(other, discord_id, dialect=dialect)
            except RefusedError as exc:
                if exc.answered != GONE:
                    raise
            async with transaction(self._pool) as connection:
                await store.note_discord_ids(connection, {other: ()}, at=self._now())
            log.info("discord_id_taken_out", seerr_user=other, person=seeker.person_id)

    async def _note(self, seeker: Seeker, refusal: str | None) -> None:
        async with transaction(self._pool) as connection:
            await store.note_token(connection, seeker.person_id, refusal=refusal, at=self._now())
