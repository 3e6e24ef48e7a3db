"""Writes down who has which user of Seerr, each time under a lock and against what is stored by then."""

from collections.abc import Callable
from datetime import datetime

import msgspec

from services.linker.seerr import domain, store
from services.linker.seerr.configured_seerr import ConfiguredSeerr
from services.linker.seerr.create_user import Creation
from services.linker.seerr.domain import Found
from services.linker.seerr.jobs import MatchUser, TakeOut, TellUser
from services.linker.seerr.proofs import store as proofs
from services.linker.seerr.proofs.domain import Proof, is_same_row
from services.linker.seerr.remove_users import is_still_configured, publish_unlinked
from services.linker.seerr.store import Seeker
from shared.bus.work import Work, Worker
from shared.clients.seerr.users import SeerrUser
from shared.errors import TransientError
from shared.postgres.pool import Pool, transaction
from shared.schemas.events import AccountLinked
from shared.schemas.identifiers import derived_id


class Records:
    """What is stored of the persons' users, and what follows from it; `cause` is the message that asks for it."""

    def __init__(self, *, worker: Worker, pool: Pool, now: Callable[[], datetime]) -> None:
        self._worker = worker
        self._pool = pool
        self._now = now

    async def seeker(self, person_id: str) -> Seeker | None:
        """Return a person, or the one that a merged person became part of."""
        async with transaction(self._pool) as connection:
            return await store.seeker_of(connection, person_id)

    async def is_held(self, number: int) -> bool:
        """Return whether somebody has a user by now."""
        async with transaction(self._pool) as connection:
            return await store.holder_of(connection, number) is not None

    async def contested(self, seeker: Seeker) -> frozenset[str]:
        """Return those names of a person's accounts that other persons' accounts have too."""
        async with transaction(self._pool) as connection:
            return await store.contested_names(connection, seeker)

    async def give(self, seerr: ConfiguredSeerr, seeker: Seeker, found: Found, *, cause: str) -> None:
        """Give a person a user, and let it be told; the same one anew where what proves it has changed.

        Raises `TransientError` where another person got it meanwhile.
        """
        async with self._worker.on_request() as work:
            await store.lock_to_match(work.connection)
            if not await is_still_configured(work.connection, seerr):
                return
            now = await store.seeker_of(work.connection, seeker.person_id)
            holder = await store.holder_of(work.connection, found.user.id)
            if now is None or now.person_id != seeker.person_id or holder not in {None, seeker.person_id}:
                raise TransientError(f"Seerr's user {found.user.id} was given to another person at the same time")
            if now.seerr_user_id in {None, found.user.id}:
                await store.give_user(work.connection, now, found, url=seerr.row.url, at=self._now())
                if now.seerr_user_id is None:
                    self._publish_linked(work, now, found, cause=cause)
            _give_tell(work, seerr, now, cause=cause)

    async def see(self, seeker: Seeker, proof: Proof) -> None:
        """Note what the person's user is called by now."""
        if proof in seeker.proofs:
            return
        async with self._worker.on_request() as work:
            await store.lock_to_match(work.connection)
            now = await store.seeker_of(work.connection, seeker.person_id)
            if now is not None and now.seerr_user_id == proof.number:
                written = {*proof.written, *(now.proof.written if now.proof else ())}
                proof = msgspec.structs.replace(proof, written=tuple(sorted(written)))
                await store.see_user(work.connection, now.person_id, proof, at=self._now())

    async def forget(self, seeker: Seeker, user: SeerrUser | None, *, cause: str) -> None:
        """Take a user from a person who cannot have it any more, unless they have another one by now.

        What Usher wrote into it is taken out, where it is still the one that it was written to; and one that is as it
        was, but not theirs, is not theirs when Seerr comes back from elsewhere either.
        """
        number, proof = seeker.seerr_user_id, seeker.proof
        if number is None:
            return
        what = f"Seerr has no user {number} any more"
        reason = what if user is None else f"Seerr's user {number} is somebody else's by now"
        async with self._worker.on_request() as work:
            await store.lock_to_match(work.connection)
            now = await store.seeker_of(work.connection, seeker.person_id)
            if now is None or now.seerr_user_id != number:
                return
            await store.remove_user(work.connection, now.person_id)
            if proof is not None and is_same_row(user, proof):
                await proofs.drop(work.connection, now.person_id, proof)
                _give_take_out(work, now.person_id, proof, cause=cause)
            publish_unlinked(work, now.person_id, number, reason, cause=cause, at=self._now())

    async def release(self, holder: Seeker, user: SeerrUser, *, cause: str) -> None:
        """Take a user from a person who holds it for no reason any more, and let them be matched anew."""
        for proof in holder.proofs:
            if is_same_row(user, proof):
                async with transaction(self._pool) as connection:
                    await proofs.drop(connection, holder.person_id, proof)
        if holder.seerr_user_id != user.id:
            async with transaction(self._pool) as connection:
                await store.drop_account(connection, holder.person_id, user.id)
            return
        await self.forget(holder, user, cause=cause)
        async with self._worker.on_request() as work:
            work.give(MatchUser(holder.person_id), cause=cause)

    async def tell(self, seerr: ConfiguredSeerr, person_id: str, *, cause: str) -> None:
        """Let Seerr be told about a person who has a user, whose search has ended well."""
        async with self._worker.on_request() as work:
            await store.lock_to_match(work.connection)
            seeker = await store.seeker_of(work.connection, person_id)
            if seeker is None or seeker.seerr_user_id is None or not await is_still_configured(work.connection, seerr):
                return
            await store.note_search(work.connection, seeker.person_id, url=seerr.row.url, reason=None, at=self._now())
            _give_tell(work, seerr, seeker, cause=cause)

    async def tell_what_is_missing(self, seerr: ConfiguredSeerr, seeker: Seeker, *, cause: str) -> None:
        """Let Seerr be given a token that it was not given yet."""
        has_plex = any(account.provider == "plex" for account in seeker.accounts)
        if seerr.row.gives_token and has_plex and not seeker.is_token_given:
            async with self._worker.on_request() as work:
                work.give(TellUser(seeker.person_id), cause=cause)

    async def give_up(self, seerr: ConfiguredSeerr, person_id: str, reason: str) -> None:
        """Note why a person has no user."""
        async with self._worker.on_request() as work:
            await store.lock_to_match(work.connection)
            now = await store.seeker_of(work.connection, person_id)
            if now is not None and now.seerr_user_id is None and await is_still_configured(work.connection, seerr):
                await store.note_search(
                    work.connection, now.person_id, url=seerr.row.url, reason=reason, at=self._now()
                )

    async def note_import(self, person_id: str, creation: Creation) -> None:
        """Note whether Seerr can import, where it was asked to."""
        if not creation.is_import_tried:
            return
        problem = None if creation.problem is None else f"{creation.problem.detail}: {creation.problem.mend}"
        async with transaction(self._pool) as connection:
            await store.note_import(connection, person_id, creation.reason)
            await store.note_import_problem(connection, problem)

    def _publish_linked(self, work: Work, seeker: Seeker, found: Found, *, cause: str) -> None:
        work.publish(
            AccountLinked(
                id=derived_id("account.linked", "seerr", seeker.person_id, found.user.id, cause),
                occurred_at=self._now(),
                person_id=seeker.person_id,
                person_name=seeker.name,
                provider="seerr",
                account_id=str(found.user.id),
                username=domain.shown(found.user),
                email=found.user.email,
                discord_id=seeker.discord_ids[0] if seeker.discord_ids else None,
            )
        )


def _give_take_out(work: Work, person_id: str, proof: Proof, *, cause: str) -> None:
    if proof.written:
        work.give(TakeOut(person_id, proof.number, proof.created_at, proof.written), cause=cause)


def _give_tell(work: Work, seerr: ConfiguredSeerr, seeker: Seeker, *, cause: str) -> None:
    if seeker.discord_ids or seerr.row.gives_token:
        work.give(TellUser(seeker.person_id), cause=cause)
