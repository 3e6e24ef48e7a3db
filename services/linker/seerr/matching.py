"""Finds a person's user in Seerr, keeps the one of before, or has one made: what Seerr is asked, and what is decided.

Seerr is never called inside a transaction. So what was decided is held against the database once more before it is
stored, under a lock, and whoever comes second begins anew and finds what the first one made.
"""

from typing import assert_never

import msgspec

from services.linker.seerr import domain
from services.linker.seerr.configured_seerr import ConfiguredSeerr
from services.linker.seerr.create_user import FindBlockedNames, create_user
from services.linker.seerr.domain import Found, Nobody, Surroundings, Unsure, Verdict
from services.linker.seerr.proofs.domain import Proof, may_keep, proof_of
from services.linker.seerr.records import Records
from services.linker.seerr.store import Seeker
from services.linker.seerr.view import View, ids_of, view_of
from shared.clients.seerr.rest import Seerr
from shared.clients.seerr.users import SeerrUser
from shared.errors import UnavailableError, UsherError
from shared.postgres.pool import Pool


class Matching:
    """Matches persons, one at a time; `cause` is the message that asks for it."""

    def __init__(self, *, records: Records, pool: Pool, find_blocked: FindBlockedNames) -> None:
        self._records = records
        self._pool = pool
        self._find_blocked = find_blocked

    async def match(self, seerr: ConfiguredSeerr, person_id: str, *, cause: str) -> None:
        """Find the person's user or make one, and let it be told; nothing for who has no account that Seerr knows."""
        seeker = await self._records.seeker(person_id)
        if seeker is None or not seeker.accounts:
            return
        try:
            view = await view_of(seerr.api, self._pool)
            if not await self._settle(seerr, view, seeker, cause=cause):
                await self._create_user(seerr, view, seeker, cause=cause)
        except UnavailableError:
            raise
        except UsherError as exc:
            await self._records.give_up(seerr, seeker.person_id, exc.detail)
            raise
        await self._records.tell(seerr, seeker.person_id, cause=cause)

    async def look_after(self, seerr: ConfiguredSeerr, view: View, person_id: str, *, cause: str) -> bool:
        """Do what a reading of all users allows: keep, find, forget. Return false where a user may be made."""
        seeker = await self._records.seeker(person_id)
        if seeker is None or not seeker.accounts:
            return True
        is_settled = await self._settle(seerr, view, seeker, cause=cause)
        if is_settled:
            await self._records.tell_what_is_missing(seerr, seeker, cause=cause)
        return is_settled

    async def _settle(self, seerr: ConfiguredSeerr, view: View, seeker: Seeker, *, cause: str) -> bool:
        """Keep the person's user, or give them another who is theirs, or none; false where one may be made."""
        around = view.around(seeker.person_id, contested=await self._records.contested(seeker))
        kept = await self._kept(seerr.api, view, seeker, around, cause=cause)
        if kept is not None and kept.number == seeker.seerr_user_id:
            await self._records.see(seeker, kept)
            return True
        verdict: Verdict
        if kept is not None:
            verdict = Found(view.users[kept.number], "proof")
        else:
            verdict = await self._verdict(seerr.api, view, seeker, around, cause=cause)
        if not (isinstance(verdict, Found) and verdict.user.id == seeker.seerr_user_id):
            await self._records.forget(seeker, view.user(seeker.seerr_user_id), cause=cause)
        match verdict:
            case Nobody():
                return False
            case Found() as found:
                await self._records.give(seerr, seeker, found, cause=cause)
                view.note(found.user.id, seeker.person_id)
            case Unsure(reason):
                await self._records.give_up(seerr, seeker.person_id, reason)
            case never:
                assert_never(never)
        return True

    async def _kept(self, api: Seerr, view: View, seeker: Seeker, around: Surroundings, *, cause: str) -> Proof | None:
        """Return what the first user is known by who was the person's and still is: the one of now comes first."""
        for proof in sorted(seeker.proofs, key=lambda each: each.number != seeker.seerr_user_id):
            user = view.user(proof.number)
            if user is None or not await _holds(api, user, proof, seeker, around):
                continue
            if await self._is_free(api, view, user, seeker, cause=cause):
                return proof_of(user, written=proof.written)
        return None

    async def _verdict(self, api: Seerr, view: View, seeker: Seeker, around: Surroundings, *, cause: str) -> Verdict:
        """Return who the person is; whoever holds that user without being them any more lets go first."""
        users, held = list(view.users.values()), {**around.held}
        verdict = domain.match(users, seeker.accounts, msgspec.structs.replace(around, held={}))
        if not isinstance(verdict, Found):
            verdict = domain.match(users, seeker.accounts, around)
        while isinstance(verdict, Found) and not await self._is_free(api, view, verdict.user, seeker, cause=cause):
            held[verdict.user.id] = next(iter(view.holders_of(verdict.user.id, beside=seeker.person_id)), "")
            verdict = domain.match(users, seeker.accounts, msgspec.structs.replace(around, held=held))
        if not isinstance(verdict, Unsure):
            return verdict
        marked = await _marked(api, view, seeker, msgspec.structs.replace(around, held=held), verdict)
        is_free = isinstance(marked, Found) and await self._is_free(api, view, marked.user, seeker, cause=cause)
        return marked if is_free else verdict

    async def _is_free(self, api: Seerr, view: View, user: SeerrUser, seeker: Seeker, *, cause: str) -> bool:
        """Return whether nobody else has a user; take it from who has it for no reason any more."""
        for holder_id in view.holders_of(user.id, beside=seeker.person_id):
            holder = await self._records.seeker(holder_id)
            if holder is None or holder.person_id == seeker.person_id:
                continue
            if await self._is_theirs(api, view, user, holder):
                return False
            await self._records.release(holder, user, cause=cause)
        return True

    async def _is_theirs(self, api: Seerr, view: View, user: SeerrUser, holder: Seeker) -> bool:
        proofs = [proof for proof in holder.proofs if proof.number == user.id]
        if not proofs:
            return await self._records.is_held(user.id)
        around = view.around(holder.person_id, contested=frozenset())
        return any([await _holds(api, user, proof, holder, around) for proof in proofs])

    async def _create_user(self, seerr: ConfiguredSeerr, view: View, seeker: Seeker, *, cause: str) -> None:
        around = view.around(seeker.person_id, contested=await self._records.contested(seeker))
        creation = await create_user(seerr.api, view, seeker.accounts, around, find_blocked=self._find_blocked)
        match creation.verdict:
            case Found() as found:
                await self._is_free(seerr.api, view, found.user, seeker, cause=cause)  # it may have a number of before
                await self._records.give(seerr, seeker, found, cause=cause)
            case Unsure(reason):
                await self._records.give_up(seerr, seeker.person_id, reason)
            case never:
                assert_never(never)
        await self._records.note_import(seeker.person_id, creation)


async def _holds(api: Seerr, user: SeerrUser, proof: Proof, seeker: Seeker, around: Surroundings) -> bool:
    """Return whether a user is still the person's; Seerr is asked for the Discord ids only where those would decide."""
    if may_keep(user, proof, seeker.accounts, around):
        return True
    if user.id != proof.number or not may_keep(user, proof, seeker.accounts, around, discord_ids=proof.written):
        return False
    return may_keep(user, proof, seeker.accounts, around, discord_ids=await ids_of(api, user.id))


async def _marked(api: Seerr, view: View, seeker: Seeker, around: Surroundings, doubt: Unsure) -> Verdict:
    """Return whom of those in doubt Usher wrote the person's Discord id to, where that is one alone."""
    written = {each for proof in seeker.proofs for each in proof.written}
    found = []
    for user in [view.users[number] for number in doubt.among if number not in around.held] if written else []:
        is_possible = not domain.has_rights(user) and not domain.is_contradicted(user, seeker.accounts, around)
        if is_possible and not written.isdisjoint(await ids_of(api, user.id)):
            found.append(user)
    return Found(found[0], "proof") if len(found) == 1 else doubt
