"""Writes to Seerr what it needs of a person: the Discord id to mention, and the Plex token where that is switched on.

The user is read again before anything is written: their number may be somebody else's by now.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from services.linker.seerr import domain, store
from services.linker.seerr.configured_seerr import ConfiguredSeerr
from services.linker.seerr.jobs import TakeOut
from services.linker.seerr.proofs import store as proofs
from services.linker.seerr.proofs.domain import Proof, is_same, is_same_row
from services.linker.seerr.state import NOT_FOUND, discord_ids_of
from services.linker.seerr.store import SeerrPerson
from shared.clients.seerr.dialect import Dialect
from shared.clients.seerr.rest import Seerr
from shared.clients.seerr.users import SeerrUser
from shared.errors import PermanentError, TransientError
from shared.http.calls import RefusedError
from shared.owners import account_token
from shared.postgres.pool import Pool, transaction
from shared.schemas.secret import Secret
from shared.vault import Vault

SAVE_DELAY: Final = timedelta(seconds=1)
"""Seerr answers before it has saved, so it is asked again after this long."""

log = structlog.get_logger()


class SeerrWriter:
    """Writes Discord ids and Plex tokens to people's users in Seerr."""

    def __init__(self, *, pool: Pool, vault: Vault, now: Callable[[], datetime], save_delay: timedelta) -> None:
        self._pool = pool
        self._vault = vault
        self._now = now
        self._save_delay = save_delay

    async def write(self, seerr: ConfiguredSeerr, person: SeerrPerson, proof: Proof) -> bool:
        """Write all of it. If Seerr refuses, store the reason before raising it.

        Return false and write nothing if the user is no longer the one that the person was matched with.
        """
        try:
            user = await user_of(seerr.api, proof.number)
            if user is None or not is_same(user, proof):
                return False
            await self._write_discord_ids(seerr.api, person, proof)
            await self._give_token(seerr, person, user)
        except PermanentError as exc:
            async with transaction(self._pool) as connection:
                await store.note_problem(connection, person.person_id, exc.detail)
            raise
        return True

    async def remove_discord_ids(self, api: Seerr, job: TakeOut) -> None:
        """Remove Discord ids from the user that they were written to, unless that person has the user again.

        The ids of whoever has the user now stay.
        """
        user = await user_of(api, job.number)
        async with transaction(self._pool) as connection:
            person = await store.person_of(connection, job.person_id)
            theirs = await store.discord_ids_of_holder(connection, job.number)
        is_theirs = person is not None and person.seerr_user_id == job.number
        if is_theirs or not is_same_row(user, Proof(number=job.number, created_at=job.created_at)):
            return
        dialect = await api.dialect()
        strange = [each for each in job.discord_ids if each not in theirs]
        for discord_id in strange:
            await api.remove_discord_id(job.number, discord_id, dialect=dialect)
        left = {*await discord_ids_of(api, job.number)} - {*strange}
        async with transaction(self._pool) as connection:
            await store.note_discord_ids(connection, {job.number: left}, at=self._now())
        log.info("discord_id_taken_out", seerr_user=job.number, person=job.person_id)

    async def _write_discord_ids(self, api: Seerr, person: SeerrPerson, proof: Proof) -> None:
        """Write a person's Discord ids to their user, and remove them from users that belong to nobody.

        The ids are stored first, because Usher may remove only what it wrote. Raises `TransientError` if Seerr has
        not saved them yet.
        """
        if not person.discord_ids:
            return
        number, dialect = proof.number, await api.dialect()
        wanted = person.discord_ids if dialect is Dialect.SEERR_3_3 else person.discord_ids[:1]
        await self._remove_from_others(api, person, number, dialect)
        there = await discord_ids_of(api, number)
        if missing := [each for each in wanted if each not in there]:
            async with transaction(self._pool) as connection:
                await proofs.note_written_ids(connection, person.person_id, proof, missing)
            for each in missing:
                await api.write_discord_id(number, each, dialect=dialect)
            await asyncio.sleep(self._save_delay.total_seconds())
            if not {*wanted} <= {*await discord_ids_of(api, number)}:
                raise TransientError(f"{person.name}'s Discord id has not arrived at Seerr yet")
        async with transaction(self._pool) as connection:
            await store.note_discord_ids(connection, {number: wanted}, at=self._now())
            await store.note_discord_id(connection, person.person_id, discord_id=wanted[0])

    async def _give_token(self, seerr: ConfiguredSeerr, person: SeerrPerson, user: SeerrUser) -> None:
        """Give Seerr the Plex token of the person's account, or store why it does not take it."""
        if not seerr.row.gives_token:
            return
        token = await self._find_token(seerr.api, person, user)
        if isinstance(token, str):
            await self._note_token(person, token)
        elif token is not None:
            try:
                await seerr.api.give_plex_token(token)
            except PermanentError as exc:
                await self._note_token(person, exc.detail)
            else:
                await self._note_token(person, None)

    async def _find_token(self, api: Seerr, person: SeerrPerson, user: SeerrUser) -> Secret | str | None:
        """Return the token that Seerr would store with this user, or the reason for giving it none."""
        account = domain.plex_account_of(user, person.accounts)
        if account is None:
            has_plex = any(one.provider == "plex" for one in person.accounts)
            return f"Seerr's user {user.id} has another Plex account or e-mail address" if has_plex else None
        owner = user if user.id == domain.OWNER_ID else await user_of(api, domain.OWNER_ID)
        if owner is not None and domain.is_sign_in_of(owner, account):
            return "Seerr works with its owner's own Plex token: it is given no other"
        token = await self._vault.get(account_token("plex", server="", account_id=account.id))
        if token is not None and not domain.is_lasting(token.reveal()):
            return "the Plex token ends within a week: Seerr is given only those that last"
        return token

    async def _remove_from_others(self, api: Seerr, person: SeerrPerson, number: int, dialect: Dialect) -> None:
        async with transaction(self._pool) as connection:
            others = await store.stray_users(connection, person.discord_ids, number=number)
        for other, discord_id in others:
            try:
                await api.remove_discord_id(other, discord_id, dialect=dialect)
            except RefusedError as exc:
                if exc.answered != NOT_FOUND:
                    raise
            async with transaction(self._pool) as connection:
                await store.note_discord_ids(connection, {other: ()}, at=self._now())
            log.info("discord_id_taken_out", seerr_user=other, person=person.person_id)

    async def _note_token(self, person: SeerrPerson, refusal: str | None) -> None:
        async with transaction(self._pool) as connection:
            await store.note_token(connection, person.person_id, refusal=refusal, at=self._now())


async def user_of(api: Seerr, number: int) -> SeerrUser | None:
    """Return a user, or None if it is gone."""
    try:
        return await api.user(number)
    except RefusedError as exc:
        if exc.answered != NOT_FOUND:
            raise
        return None
