"""Notes the accounts of plays, and answers questions about people: list, find, claim an account, merge two persons."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec

from services.linker.people import domain, ownership
from services.linker.people.store import accounts, merges, people
from shared.bus import streams
from shared.bus.message import Message
from shared.bus.work import Work, Worker
from shared.errors import ConflictError, Fault, InvalidError, NotFoundError
from shared.postgres.pool import Pool, transaction
from shared.runtime import Service
from shared.schemas.events import PersonMerged, PlayRecorded
from shared.schemas.identifiers import derived_id
from shared.schemas.media import Account
from shared.schemas.people import (
    ClaimAccount,
    FindPerson,
    ListNamesakes,
    ListPeople,
    ListUnclaimed,
    MergePeople,
    Person,
    PersonPage,
    UnclaimedPage,
)

PLAYS: Final = streams.LINKER_PLAYS.name


class Handlers:
    """The linker's handlers for people. `now` and `new_id` are arguments so that tests can set them."""

    def __init__(self, *, worker: Worker, pool: Pool, now: Callable[[], datetime], new_id: Callable[[], str]) -> None:
        self._worker = worker
        self._pool = pool
        self._now = now
        self._new_id = new_id

    def add_to(self, service: Service) -> None:
        """Have a service consume plays and answer questions about people."""
        service.consume(streams.LINKER_PLAYS, self.note_play)
        service.answer(
            ListPeople.answered_by(self.list_people),
            FindPerson.answered_by(self.find_person),
            ListUnclaimed.answered_by(self.list_unclaimed),
            ListNamesakes.answered_by(self.list_namesakes),
            ClaimAccount.answered_by(self.claim_account),
            MergePeople.answered_by(self.merge_people),
        )

    async def note_play(self, message: Message) -> None:
        """Note the account of a play, and publish whose it is if that is certain."""
        play = msgspec.json.decode(message.payload, type=PlayRecorded)
        async with self._worker.once(consumer=PLAYS, message_id=message.id) as work:
            await accounts.lock_to_see(work.connection, play.account.source)
            await accounts.note_play(work.connection, play.account, watched_at=play.watched_at)
            if play.person_id is None:
                await self._claim_if_certain(work, play.account)

    async def list_people(self, question: ListPeople) -> PersonPage:
        """Answer `GET /api/people`."""
        async with transaction(self._pool) as connection:
            return await people.page_of_people(connection, question)

    async def find_person(self, question: FindPerson) -> Person:
        """Answer `GET /api/people/{id}`."""
        async with transaction(self._pool) as connection:
            return await ownership.load_person(connection, question.person_id)

    async def list_unclaimed(self, question: ListUnclaimed) -> UnclaimedPage:
        """Answer `GET /api/people/unclaimed`."""
        async with transaction(self._pool) as connection:
            return await accounts.page_of_unclaimed(connection, question)

    async def list_namesakes(self, question: ListNamesakes) -> PersonPage:
        """Answer `GET /api/people/unclaimed/namesakes`."""
        wanted = msgspec.convert(question, ListUnclaimed, from_attributes=True)
        async with transaction(self._pool) as connection:
            page = await accounts.page_of_unclaimed(connection, wanted)
            found = await people.namesakes_of(connection, {each.account_name for each in page.items})
        return PersonPage(found, len(found), wanted.limit, wanted.offset)

    async def claim_account(self, question: ClaimAccount) -> Person:
        """Give an account to a person, or to a new one; asking again gives the same answer."""
        async with self._worker.on_request() as work:
            await accounts.lock_to_claim(work.connection, question.source)
            account = await accounts.find_seen_account(
                work.connection, source=question.source, server=question.server, account_id=question.account_id
            )
            if account is None:
                raise NotFoundError(
                    "no play was seen on this account: GET /api/people/unclaimed lists those that have some"
                )
            person = await self._find_or_create_claimant(work, question, account)
            await self._claim(work, account, person)
            return await ownership.load_person(work.connection, person.id)

    async def merge_people(self, question: MergePeople) -> Person:
        """Merge two persons; asking again gives the same answer."""
        if question.person_id == question.merged_id:
            fault = Fault("merged_id", "expected another person")
            raise InvalidError("a person cannot be merged with themselves", faults=(fault,))
        async with self._worker.on_request() as work:
            await people.lock_to_merge(work.connection)
            person = await ownership.load_person(work.connection, question.person_id)
            merged = await ownership.load_person(work.connection, question.merged_id)
            if person.id == merged.id:
                return person
            revision = await merges.remember(work.connection, person_id=person.id, merged_id=merged.id, at=self._now())
            await people.merge_into(work.connection, person_id=person.id, merged_id=merged.id)
            work.publish(
                PersonMerged(
                    id=derived_id("person.merged", person.id, merged.id, revision),
                    occurred_at=self._now(),
                    person_id=person.id,
                    person_name=person.name,
                    merged_id=merged.id,
                    revision=revision,
                )
            )
            return await ownership.load_person(work.connection, person.id)

    async def _find_or_create_claimant(self, work: Work, question: ClaimAccount, account: Account) -> Person:
        holder = await self._find_holder(work, account)
        if question.person_id is None:
            if holder is not None:
                return _require_name(await ownership.load_person(work.connection, holder), question.name)
            person_id = self._new_id()
            name = question.name or account.name or f"{account.source} {account.id}"
            await people.add_person(work.connection, person_id=person_id, name=name)
            return await ownership.load_person(work.connection, person_id)
        person = await ownership.load_person(work.connection, question.person_id)
        if holder not in {None, person.id}:
            raise ConflictError("this account belongs to another person: merge the two if they are one")
        return _require_name(person, question.name)

    async def _find_holder(self, work: Work, account: Account) -> str | None:
        """Return who holds any key of an account; raise `ConflictError` where several persons do."""
        keys = domain.keys_of(account, await accounts.owners_of(work.connection, account))
        holders = await accounts.holders_of(work.connection, keys)
        if len({each.person_id for each in holders.values()}) > 1:
            raise ConflictError("two persons hold this account under its two ids: merge them first")
        return domain.sole_owner(keys, holders)

    async def _claim(self, work: Work, account: Account, person: Person) -> None:
        key = domain.key_of(account)
        holder = await accounts.store_claim(
            work.connection, key, person_id=person.id, username=account.name or account.id, at=self._now()
        )
        if holder != person.id:
            raise ConflictError("this account was claimed by another person at the same time")
        await ownership.give(work, account, person, at=self._now())
        for other in await accounts.unassigned_like(work.connection, account):
            await self._claim_if_certain(work, other)

    async def _claim_if_certain(self, work: Work, account: Account) -> None:
        """Claim an account for its owner, if that is certain."""
        keys = domain.keys_of(account, await accounts.owners_of(work.connection, account))
        person_id = domain.sole_owner(keys, await accounts.holders_of(work.connection, keys))
        if person_id is None:
            return
        person = await ownership.load_person(work.connection, person_id)
        await ownership.give(work, account, person, at=self._now())


def _require_name(person: Person, name: str | None) -> Person:
    """Return a person; raise `ConflictError` where another name was given, which would have no effect."""
    if name not in {None, person.name}:
        raise ConflictError(f"this account's person is {person.name!r} ({person.id}): leave out the name")
    return person
