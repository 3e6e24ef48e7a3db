"""Finds a person's user in Seerr, keeps the one that they had, or creates one.

Seerr is never called inside a transaction. So each decision is checked against the database again, under a lock, before
it is stored. Of two replicas that match a person at once, the second starts over and finds what the first one stored.
"""

from typing import assert_never

import msgspec

from services.linker.seerr import domain
from services.linker.seerr.configured_seerr import ConfiguredSeerr
from services.linker.seerr.create_user import FindBlockedNames, create_user
from services.linker.seerr.domain import Found, Nobody, Surroundings, Unsure, Verdict
from services.linker.seerr.proofs.domain import Proof, may_keep, proof_of
from services.linker.seerr.records import Records
from services.linker.seerr.state import SeerrState, discord_ids_of, read_state
from services.linker.seerr.store import Seeker
from shared.clients.seerr.rest import Seerr
from shared.clients.seerr.users import SeerrUser
from shared.errors import UnavailableError, UsherError
from shared.postgres.pool import Pool


class Matcher:
    """Matches persons with users, one person at a time; `cause` is the message that asks for it."""

    def __init__(self, *, records: Records, pool: Pool, find_blocked: FindBlockedNames) -> None:
        self._records = records
        self._pool = pool
        self._find_blocked = find_blocked

    async def match(self, seerr: ConfiguredSeerr, person_id: str, *, cause: str) -> None:
        """Find or create the person's user and have it written to; skip who has no account that Seerr can know."""
        seeker = await self._records.seeker(person_id)
        if seeker is None or not seeker.accounts:
            return
        try:
            state = await read_state(seerr.api, self._pool)
            if not await self._resolve(seerr, state, seeker, cause=cause):
                await self._create_user(seerr, state, seeker, cause=cause)
        except UnavailableError:
            raise
        except UsherError as exc:
            await self._records.give_up(seerr, seeker.person_id, exc.detail)
            raise
        await self._records.tell(seerr, seeker.person_id, cause=cause)

    async def recheck(self, seerr: ConfiguredSeerr, state: SeerrState, person_id: str, *, cause: str) -> bool:
        """Keep, find or forget the person's user by a list of all users. Return false if one may be created."""
        seeker = await self._records.seeker(person_id)
        if seeker is None or not seeker.accounts:
            return True
        is_resolved = await self._resolve(seerr, state, seeker, cause=cause)
        if is_resolved:
            await self._records.tell_what_is_missing(seerr, seeker, cause=cause)
        return is_resolved

    async def _resolve(self, seerr: ConfiguredSeerr, state: SeerrState, seeker: Seeker, *, cause: str) -> bool:
        """Keep the person's user, or give them another one, or none. Return false if one may be created."""
        around = state.context_of(seeker.person_id, contested=await self._records.contested(seeker))
        proof = await self._find_proven(seerr.api, state, seeker, around, cause=cause)
        if proof is not None and proof.number == seeker.seerr_user_id:
            await self._records.see(seeker, proof)
            return True
        verdict: Verdict
        if proof is not None:
            verdict = Found(state.users[proof.number], "proof")
        else:
            verdict = await self._decide(seerr.api, state, seeker, around, cause=cause)
        if not (isinstance(verdict, Found) and verdict.user.id == seeker.seerr_user_id):
            await self._records.forget(seeker, state.user(seeker.seerr_user_id), cause=cause)
        match verdict:
            case Nobody():
                return False
            case Found() as found:
                await self._records.give(seerr, seeker, found, cause=cause)
                state.set_holder(found.user.id, seeker.person_id)
            case Unsure(reason):
                await self._records.give_up(seerr, seeker.person_id, reason)
            case never:
                assert_never(never)
        return True

    async def _find_proven(
        self, api: Seerr, state: SeerrState, seeker: Seeker, around: Surroundings, *, cause: str
    ) -> Proof | None:
        """Return the new proof of a user that still belongs to the person; their current user is tried first."""
        for proof in sorted(seeker.proofs, key=lambda each: each.number != seeker.seerr_user_id):
            user = state.user(proof.number)
            if user is None or not await _is_still_theirs(api, user, proof, seeker, around):
                continue
            if await self._free_user(api, state, user, seeker, cause=cause):
                return proof_of(user, written=proof.written)
        return None

    async def _decide(
        self, api: Seerr, state: SeerrState, seeker: Seeker, around: Surroundings, *, cause: str
    ) -> Verdict:
        """Decide which user is the person's, after releasing users from holders that they no longer fit."""
        users, held = list(state.users.values()), {**around.held}
        verdict = domain.match(users, seeker.accounts, msgspec.structs.replace(around, held={}))
        if not isinstance(verdict, Found):
            verdict = domain.match(users, seeker.accounts, around)
        while isinstance(verdict, Found) and not await self._free_user(api, state, verdict.user, seeker, cause=cause):
            held[verdict.user.id] = next(iter(state.holders_of(verdict.user.id, other_than=seeker.person_id)), "")
            verdict = domain.match(users, seeker.accounts, msgspec.structs.replace(around, held=held))
        if not isinstance(verdict, Unsure):
            return verdict
        known = await _find_by_written_ids(api, state, seeker, msgspec.structs.replace(around, held=held), verdict)
        is_free = isinstance(known, Found) and await self._free_user(api, state, known.user, seeker, cause=cause)
        return known if is_free else verdict

    async def _free_user(self, api: Seerr, state: SeerrState, user: SeerrUser, seeker: Seeker, *, cause: str) -> bool:
        """Release a user from persons that it no longer fits; return whether nobody else has it then."""
        for holder_id in state.holders_of(user.id, other_than=seeker.person_id):
            holder = await self._records.seeker(holder_id)
            if holder is None or holder.person_id == seeker.person_id:
                continue
            if await self._holds(api, state, user, holder):
                return False
            await self._records.release(holder, user, cause=cause)
        return True

    async def _holds(self, api: Seerr, state: SeerrState, user: SeerrUser, holder: Seeker) -> bool:
        proofs = [proof for proof in holder.proofs if proof.number == user.id]
        if not proofs:
            return await self._records.is_held(user.id)
        around = state.context_of(holder.person_id, contested=frozenset())
        return any([await _is_still_theirs(api, user, proof, holder, around) for proof in proofs])

    async def _create_user(self, seerr: ConfiguredSeerr, state: SeerrState, seeker: Seeker, *, cause: str) -> None:
        around = state.context_of(seeker.person_id, contested=await self._records.contested(seeker))
        creation = await create_user(seerr.api, state, seeker.accounts, around, find_blocked=self._find_blocked)
        match creation.verdict:
            case Found() as found:
                await self._free_user(
                    seerr.api, state, found.user, seeker, cause=cause
                )  # the number may have been somebody's before
                await self._records.give(seerr, seeker, found, cause=cause)
            case Unsure(reason):
                await self._records.give_up(seerr, seeker.person_id, reason)
            case never:
                assert_never(never)
        await self._records.note_import(seeker.person_id, creation)


async def _is_still_theirs(api: Seerr, user: SeerrUser, proof: Proof, seeker: Seeker, around: Surroundings) -> bool:
    """Return whether a user is still the person's. Seerr is asked for Discord ids only if they decide it."""
    if may_keep(user, proof, seeker.accounts, around):
        return True
    if user.id != proof.number or not may_keep(user, proof, seeker.accounts, around, discord_ids=proof.written):
        return False
    return may_keep(user, proof, seeker.accounts, around, discord_ids=await discord_ids_of(api, user.id))


async def _find_by_written_ids(
    api: Seerr, state: SeerrState, seeker: Seeker, around: Surroundings, doubt: Unsure
) -> Verdict:
    """Return the one candidate that Usher wrote the person's Discord id to, if it is only one."""
    written = {each for proof in seeker.proofs for each in proof.written}
    found = []
    for user in [state.users[number] for number in doubt.among if number not in around.held] if written else []:
        is_possible = not domain.has_rights(user) and not domain.is_contradicted(user, seeker.accounts, around)
        if is_possible and not written.isdisjoint(await discord_ids_of(api, user.id)):
            found.append(user)
    return Found(found[0], "proof") if len(found) == 1 else doubt
