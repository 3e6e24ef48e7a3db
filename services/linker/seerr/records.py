"""Stores who has which user of Seerr, under a lock, after checking what is stored by then."""

from collections.abc import Callable
from datetime import datetime

import msgspec

from services.linker.seerr import domain, store
from services.linker.seerr.configured_seerr import ConfiguredSeerr
from services.linker.seerr.create_user import Creation
from services.linker.seerr.domain import Match
from services.linker.seerr.jobs import MatchUser, TakeOut, TellUser
from services.linker.seerr.proofs import store as proofs
from services.linker.seerr.proofs.domain import Proof, is_same_row
from services.linker.seerr.remove_users import is_still_configured, publish_unlinked
from services.linker.seerr.store import SeerrPerson
from shared.bus.work import Work, Worker
from shared.clients.seerr.users import SeerrUser
from shared.errors import TransientError
from shared.postgres.pool import Pool, transaction
from shared.schemas.events import AccountLinked
from shared.schemas.identifiers import derived_id


class Records:
    """The stored matches, and the jobs and events that a change causes; `cause` is the message that asks for it."""

    def __init__(self, *, worker: Worker, pool: Pool, now: Callable[[], datetime]) -> None:
        self._worker = worker
        self._pool = pool
        self._now = now

    async def find_person(self, person_id: str) -> SeerrPerson | None:
        """Return a person, or the one that a merged person became part of."""
        async with transaction(self._pool) as connection:
            return await store.person_of(connection, person_id)

    async def has_holder(self, number: int) -> bool:
        """Return whether somebody has a user."""
        async with transaction(self._pool) as connection:
            return await store.holder_of(connection, number) is not None

    async def contested_names(self, person: SeerrPerson) -> frozenset[str]:
        """Return the names of a person's accounts that other persons' accounts have too."""
        async with transaction(self._pool) as connection:
            return await store.contested_names(connection, person)

    async def give_user(self, seerr: ConfiguredSeerr, person: SeerrPerson, match: Match, *, cause: str) -> None:
        """Give a person a user and have it written to; giving the same one again updates its proof.

        Raises `TransientError` if another person got the user meanwhile.
        """
        async with self._worker.on_request() as work:
            await store.lock_to_match(work.connection)
            if not await is_still_configured(work.connection, seerr):
                return
            current = await store.person_of(work.connection, person.person_id)
            holder = await store.holder_of(work.connection, match.user.id)
            if current is None or current.person_id != person.person_id or holder not in {None, person.person_id}:
                raise TransientError(f"Seerr's user {match.user.id} was given to another person at the same time")
            if current.seerr_user_id in {None, match.user.id}:
                await store.give_user(work.connection, current, match, url=seerr.row.url, at=self._now())
                if current.seerr_user_id is None:
                    self._publish_linked(work, current, match, cause=cause)
            _give_tell_user(work, seerr, current, cause=cause)

    async def update_proof(self, person: SeerrPerson, proof: Proof) -> None:
        """Store what the person's user is called and known by now."""
        if proof in person.proofs:
            return
        async with self._worker.on_request() as work:
            await store.lock_to_match(work.connection)
            current = await store.person_of(work.connection, person.person_id)
            if current is not None and current.seerr_user_id == proof.number:
                written = {*proof.written, *(current.proof.written if current.proof else ())}
                proof = msgspec.structs.replace(proof, written=tuple(sorted(written)))
                await store.update_user(work.connection, current.person_id, proof, at=self._now())

    async def remove_user(self, person: SeerrPerson, user: SeerrUser | None, *, cause: str) -> None:
        """Remove the user of a person who can no longer have it, unless they have another one by now.

        If it is still the user that Usher wrote to, the Discord ids are removed from it, and its proof is dropped: the
        person does not get it back when Seerr moves.
        """
        number, proof = person.seerr_user_id, person.proof
        if number is None:
            return
        what = f"Seerr has no user {number} any more"
        reason = what if user is None else f"Seerr's user {number} is somebody else's by now"
        async with self._worker.on_request() as work:
            await store.lock_to_match(work.connection)
            current = await store.person_of(work.connection, person.person_id)
            if current is None or current.seerr_user_id != number:
                return
            await store.remove_user(work.connection, current.person_id)
            if proof is not None and is_same_row(user, proof):
                await proofs.delete(work.connection, current.person_id, proof)
                _give_take_out(work, current.person_id, proof, cause=cause)
            publish_unlinked(work, current.person_id, number, reason, cause=cause, at=self._now())

    async def release_user(self, holder: SeerrPerson, user: SeerrUser, *, cause: str) -> None:
        """Remove a user from a person that it no longer fits, and have them matched again."""
        for proof in holder.proofs:
            if is_same_row(user, proof):
                async with transaction(self._pool) as connection:
                    await proofs.delete(connection, holder.person_id, proof)
        if holder.seerr_user_id != user.id:
            async with transaction(self._pool) as connection:
                await store.remove_account(connection, holder.person_id, user.id)
            return
        await self.remove_user(holder, user, cause=cause)
        async with self._worker.on_request() as work:
            work.give(MatchUser(holder.person_id), cause=cause)

    async def request_write(self, seerr: ConfiguredSeerr, person_id: str, *, cause: str) -> None:
        """Store that a person's search succeeded, and have their user written to."""
        async with self._worker.on_request() as work:
            await store.lock_to_match(work.connection)
            person = await store.person_of(work.connection, person_id)
            if person is None or person.seerr_user_id is None or not await is_still_configured(work.connection, seerr):
                return
            await store.note_search(work.connection, person.person_id, url=seerr.row.url, reason=None, at=self._now())
            _give_tell_user(work, seerr, person, cause=cause)

    async def request_token(self, seerr: ConfiguredSeerr, person: SeerrPerson, *, cause: str) -> None:
        """Have a token written that Seerr does not have yet."""
        has_plex = any(account.provider == "plex" for account in person.accounts)
        if seerr.row.gives_token and has_plex and not person.is_token_given:
            async with self._worker.on_request() as work:
                work.give(TellUser(person.person_id), cause=cause)

    async def note_reason(self, seerr: ConfiguredSeerr, person_id: str, reason: str) -> None:
        """Store why a person has no user."""
        async with self._worker.on_request() as work:
            await store.lock_to_match(work.connection)
            current = await store.person_of(work.connection, person_id)
            if (
                current is not None
                and current.seerr_user_id is None
                and await is_still_configured(work.connection, seerr)
            ):
                await store.note_search(
                    work.connection, current.person_id, url=seerr.row.url, reason=reason, at=self._now()
                )

    async def note_import(self, person_id: str, creation: Creation) -> None:
        """Store whether Seerr can import, if it was asked to."""
        if not creation.is_import_tried:
            return
        problem = None if creation.problem is None else f"{creation.problem.detail}: {creation.problem.mend}"
        async with transaction(self._pool) as connection:
            await store.note_import(connection, person_id, creation.reason)
            await store.note_import_problem(connection, problem)

    def _publish_linked(self, work: Work, person: SeerrPerson, match: Match, *, cause: str) -> None:
        work.publish(
            AccountLinked(
                id=derived_id("account.linked", "seerr", person.person_id, match.user.id, cause),
                occurred_at=self._now(),
                person_id=person.person_id,
                person_name=person.name,
                provider="seerr",
                account_id=str(match.user.id),
                username=domain.display_name(match.user),
                email=match.user.email,
                discord_id=person.discord_ids[0] if person.discord_ids else None,
            )
        )


def _give_take_out(work: Work, person_id: str, proof: Proof, *, cause: str) -> None:
    if proof.written:
        work.give(TakeOut(person_id, proof.number, proof.created_at, proof.written), cause=cause)


def _give_tell_user(work: Work, seerr: ConfiguredSeerr, person: SeerrPerson, *, cause: str) -> None:
    if person.discord_ids or seerr.row.gives_token:
        work.give(TellUser(person.person_id), cause=cause)
