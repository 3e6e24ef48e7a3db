"""Takes back what was said about people: gives accounts back, and undoes merges."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from services.linker.people import domain, ownership
from services.linker.people.domain import Key
from services.linker.people.ownership import UnknownPersonError
from services.linker.people.store import accounts, merges, people
from services.linker.people.store.merges import Merge
from shared.bus.work import Work, Worker
from shared.errors import ConflictError, Fault, InvalidError, NotFoundError
from shared.postgres.pool import Pool, transaction
from shared.runtime import Service
from shared.schemas.events import AccountReturned, PersonUnmerged
from shared.schemas.identifiers import derived_id
from shared.schemas.media import Account, Provider
from shared.schemas.people import GiveBackAccount, ListMerges, MergedPeople, Person, UnmergePeople

_NOT_CLAIMED: Final[frozenset[Provider]] = frozenset({"seerr", "discord", "usher"})


class Undoing:
    """Answers the questions that take something back."""

    def __init__(self, *, worker: Worker, pool: Pool, now: Callable[[], datetime]) -> None:
        self._worker = worker
        self._pool = pool
        self._now = now

    def add_to(self, service: Service) -> None:
        """Have a service answer them."""
        service.answer(
            GiveBackAccount.answered_by(self.give_back),
            ListMerges.answered_by(self.list_merges),
            UnmergePeople.answered_by(self.unmerge_people),
        )

    async def give_back(self, question: GiveBackAccount) -> Person:
        """Make a person's account, under all of its keys, nobody's.

        Usher must not hold a credential for it: that is unlinked first, which also revokes the token where it can be.
        """
        if question.source in _NOT_CLAIMED:
            fault = Fault("source", "expected a system that people watch on")
            raise InvalidError("this account cannot be given back", faults=(fault,))
        async with self._worker.on_request() as work:
            await accounts.lock_to_claim(work.connection, question.source)
            person = await ownership.load_person(work.connection, question.person_id)
            seen = await accounts.find_seen_account(
                work.connection, source=question.source, server=question.server, account_id=question.account_id
            )
            account = seen or Account(question.source, question.server, question.account_id, "")
            theirs = await accounts.assigned_to(work.connection, person.id, source=question.source)
            keys = await _all_keys(work, account, theirs)
            if not await self._is_theirs(work, keys, person, is_seen=seen is not None):
                return person
            if await accounts.linked_among(work.connection, keys):
                raise ConflictError("this account is linked: unlink it first, then it can be given back")
            await accounts.remove_keys(work.connection, keys, person_id=person.id)
            returned = [one for one in theirs if domain.key_of(one) in keys]
            await merges.forget_moved(work.connection, keys, returned)
            for one in returned:
                await self._return(work, one, person)
            return await ownership.load_person(work.connection, person.id)

    async def list_merges(self, question: ListMerges) -> MergedPeople:
        """Answer `GET /api/people/{id}/merges`."""
        async with transaction(self._pool) as connection:
            person = await ownership.load_person(connection, question.person_id)
            return MergedPeople(await merges.merged_into(connection, person.id))

    async def unmerge_people(self, question: UnmergePeople) -> Person:
        """Make a merged person one of their own again; asking again gives the same answer."""
        async with self._worker.on_request() as work:
            await people.lock_to_merge(work.connection)
            person = await ownership.load_person(work.connection, question.person_id)
            merge = await merges.find(work.connection, question.merged_id)
            if merge is None:
                raise UnknownPersonError(question.merged_id)
            if not await _is_to_undo(work, merge, person, question.merged_id):
                return await ownership.load_person(work.connection, question.merged_id)
            moved = await merges.moved_accounts(work.connection, question.merged_id, person_id=person.id)
            await merges.take_apart(work.connection, question.merged_id, person_id=person.id, at=self._now())
            await merges.take_back_seerr_user(work.connection, question.merged_id, person_id=person.id)
            merged = await ownership.load_person(work.connection, question.merged_id)
            await self._publish_unmerge(work, person, merged)
            for account in moved:
                await ownership.give(work, account, merged, at=self._now())
            return merged

    async def _is_theirs(self, work: Work, keys: list[Key], person: Person, *, is_seen: bool) -> bool:
        """Return whether a person holds one of these keys; False where nobody does."""
        holders = {each.person_id for each in (await accounts.holders_of(work.connection, keys)).values()}
        if person.id in holders:
            return True
        if holders:
            raise ConflictError("this account belongs to another person")
        if not is_seen:
            raise NotFoundError("nobody has this account: GET /api/people/{id} lists a person's")
        return False

    async def _return(self, work: Work, account: Account, person: Person) -> None:
        revision = await accounts.assign(work.connection, account, person_id=None)
        causes = (account.source, account.server, account.id, person.id, revision)
        work.publish(
            AccountReturned(
                id=derived_id("account.returned", *causes),
                occurred_at=self._now(),
                account=account,
                person_id=person.id,
                revision=revision,
            )
        )

    async def _publish_unmerge(self, work: Work, person: Person, merged: Person) -> None:
        revision = await merges.next_revision(work.connection)
        work.publish(
            PersonUnmerged(
                id=derived_id("person.unmerged", person.id, merged.id, revision),
                occurred_at=self._now(),
                person_id=person.id,
                merged_id=merged.id,
                merged_name=merged.name,
                revision=revision,
            )
        )


async def _all_keys(work: Work, account: Account, theirs: list[Account]) -> list[Key]:
    """Return the keys of an account, and those of a Plex owner's others: left out, one would claim the rest again."""
    keys = {domain.key_of(account)}
    for one in [account, *theirs]:
        if domain.key_of(one) in keys:
            keys.update(domain.keys_of(one, await accounts.owners_of(work.connection, one)))
    return sorted(keys)


async def _is_to_undo(work: Work, merge: Merge, person: Person, merged_id: str) -> bool:
    """Return whether a merge is to be undone; False where it is undone already."""
    if merge.merged_into is None:
        if merge.was_into is None:
            raise ConflictError("this person is not merged into another one")
        return False
    if (await ownership.load_person(work.connection, merged_id)).id != person.id:
        raise ConflictError("this person was merged into another one")
    if not merge.is_remembered:
        raise ConflictError(
            "this merge cannot be undone: it is from before Usher remembered what a merge moves. "
            "Give the accounts back and claim them for a new person"
        )
    return True
