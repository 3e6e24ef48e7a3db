"""Finds a person's user in Seerr, keeps the one that they had, or creates one.

Seerr is never called inside a transaction. So each decision is checked against the database again, under a lock, before
it is stored. Of two replicas that match a person at once, the second starts over and finds what the first one stored.
"""

from typing import assert_never

import msgspec

from services.linker.seerr import domain
from services.linker.seerr.configured_seerr import ConfiguredSeerr
from services.linker.seerr.create_user import FindBlockedNames, create_user
from services.linker.seerr.domain import Match, MatchContext, NoMatch, Uncertain, Verdict
from services.linker.seerr.proofs.domain import Proof, may_keep, proof_of
from services.linker.seerr.records import Records
from services.linker.seerr.state import SeerrState, discord_ids_of, read_state
from services.linker.seerr.store import SeerrPerson
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
        person = await self._records.find_person(person_id)
        if person is None or not person.accounts:
            return
        try:
            state = await read_state(seerr.api, self._pool)
            if not await self._resolve(seerr, state, person, cause=cause):
                await self._create_user(seerr, state, person, cause=cause)
        except UnavailableError:
            raise
        except UsherError as exc:
            await self._records.note_reason(seerr, person.person_id, exc.detail)
            raise
        await self._records.request_write(seerr, person.person_id, cause=cause)

    async def recheck(self, seerr: ConfiguredSeerr, state: SeerrState, person_id: str, *, cause: str) -> bool:
        """Keep, find or forget the person's user by a list of all users. Return false if one may be created."""
        person = await self._records.find_person(person_id)
        if person is None or not person.accounts:
            return True
        is_resolved = await self._resolve(seerr, state, person, cause=cause)
        if is_resolved:
            await self._records.request_token(seerr, person, cause=cause)
        return is_resolved

    async def _resolve(self, seerr: ConfiguredSeerr, state: SeerrState, person: SeerrPerson, *, cause: str) -> bool:
        """Keep the person's user, or give them another one, or none. Return false if one may be created."""
        context = state.context_of(person.person_id, contested_names=await self._records.contested_names(person))
        proof = await self._find_proven(seerr.api, state, person, context, cause=cause)
        if proof is not None and proof.number == person.seerr_user_id:
            await self._records.update_proof(person, proof)
            return True
        verdict: Verdict
        if proof is not None:
            verdict = Match(state.users[proof.number], "proof")
        else:
            verdict = await self._decide(seerr.api, state, person, context, cause=cause)
        if not (isinstance(verdict, Match) and verdict.user.id == person.seerr_user_id):
            await self._records.remove_user(person, state.user(person.seerr_user_id), cause=cause)
        match verdict:
            case NoMatch():
                return False
            case Match() as match:
                await self._records.give_user(seerr, person, match, cause=cause)
                state.set_holder(match.user.id, person.person_id)
            case Uncertain(reason):
                await self._records.note_reason(seerr, person.person_id, reason)
            case never:
                assert_never(never)
        return True

    async def _find_proven(
        self, api: Seerr, state: SeerrState, person: SeerrPerson, context: MatchContext, *, cause: str
    ) -> Proof | None:
        """Return the new proof of a user that still belongs to the person; their current user is tried first."""
        for proof in sorted(person.proofs, key=lambda each: each.number != person.seerr_user_id):
            user = state.user(proof.number)
            if user is None or not await _is_still_theirs(api, user, proof, person, context):
                continue
            if await self._free_user(api, state, user, person, cause=cause):
                return proof_of(user, written=proof.written)
        return None

    async def _decide(
        self, api: Seerr, state: SeerrState, person: SeerrPerson, context: MatchContext, *, cause: str
    ) -> Verdict:
        """Decide which user is the person's, after releasing users from holders that they no longer fit."""
        users, holders = list(state.users.values()), {**context.holders}
        verdict = domain.match(users, person.accounts, msgspec.structs.replace(context, holders={}))
        if not isinstance(verdict, Match):
            verdict = domain.match(users, person.accounts, context)
        while isinstance(verdict, Match) and not await self._free_user(api, state, verdict.user, person, cause=cause):
            holders[verdict.user.id] = next(iter(state.holders_of(verdict.user.id, other_than=person.person_id)), "")
            verdict = domain.match(users, person.accounts, msgspec.structs.replace(context, holders=holders))
        if not isinstance(verdict, Uncertain):
            return verdict
        known = await _find_by_written_ids(
            api, state, person, msgspec.structs.replace(context, holders=holders), verdict
        )
        is_free = isinstance(known, Match) and await self._free_user(api, state, known.user, person, cause=cause)
        return known if is_free else verdict

    async def _free_user(
        self, api: Seerr, state: SeerrState, user: SeerrUser, person: SeerrPerson, *, cause: str
    ) -> bool:
        """Release a user from persons that it no longer fits; return whether nobody else has it then."""
        for holder_id in state.holders_of(user.id, other_than=person.person_id):
            holder = await self._records.find_person(holder_id)
            if holder is None or holder.person_id == person.person_id:
                continue
            if await self._holds(api, state, user, holder):
                return False
            await self._records.release_user(holder, user, cause=cause)
        return True

    async def _holds(self, api: Seerr, state: SeerrState, user: SeerrUser, holder: SeerrPerson) -> bool:
        proofs = [proof for proof in holder.proofs if proof.number == user.id]
        if not proofs:
            return await self._records.has_holder(user.id)
        context = state.context_of(holder.person_id, contested_names=frozenset())
        return any([await _is_still_theirs(api, user, proof, holder, context) for proof in proofs])

    async def _create_user(self, seerr: ConfiguredSeerr, state: SeerrState, person: SeerrPerson, *, cause: str) -> None:
        context = state.context_of(person.person_id, contested_names=await self._records.contested_names(person))
        creation = await create_user(seerr.api, state, person.accounts, context, find_blocked=self._find_blocked)
        match creation.verdict:
            case Match() as match:
                # the number may have been somebody's before
                await self._free_user(seerr.api, state, match.user, person, cause=cause)
                await self._records.give_user(seerr, person, match, cause=cause)
            case Uncertain(reason):
                await self._records.note_reason(seerr, person.person_id, reason)
            case never:
                assert_never(never)
        await self._records.note_import(person.person_id, creation)


async def _is_still_theirs(
    api: Seerr, user: SeerrUser, proof: Proof, person: SeerrPerson, context: MatchContext
) -> bool:
    """Return whether a user is still the person's. Seerr is asked for Discord ids only if they decide it."""
    if may_keep(user, proof, person.accounts, context):
        return True
    if user.id != proof.number or not may_keep(user, proof, person.accounts, context, discord_ids=proof.written):
        return False
    return may_keep(user, proof, person.accounts, context, discord_ids=await discord_ids_of(api, user.id))


async def _find_by_written_ids(
    api: Seerr, state: SeerrState, person: SeerrPerson, context: MatchContext, doubt: Uncertain
) -> Verdict:
    """Return the one candidate that Usher wrote the person's Discord id to, if it is only one."""
    written = {each for proof in person.proofs for each in proof.written}
    found = []
    for user in [state.users[number] for number in doubt.among if number not in context.holders] if written else []:
        is_possible = not domain.has_rights(user) and not domain.is_contradicted(user, person.accounts, context)
        if is_possible and not written.isdisjoint(await discord_ids_of(api, user.id)):
            found.append(user)
    return Match(found[0], "proof") if len(found) == 1 else doubt
