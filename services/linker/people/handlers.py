"""What the linker does with facts and questions: sees accounts, says whose they are, lets people claim and merge."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec

from services.linker.people import domain, joining
from services.linker.people.store import accounts, people
from shared.bus import streams
from shared.bus.message import Message
from shared.bus.work import Work, Worker
from shared.errors import ConflictError, Fault, InvalidError, NotFoundError
from shared.postgres.pool import Pool, transaction
from shared.schemas.events import PersonMerged, PlayRecorded
from shared.schemas.identifiers import derived_id
from shared.schemas.media import Account
from shared.schemas.people import (
    ClaimAccount,
    FindPerson,
    ListPeople,
    ListUnclaimed,
    MergePeople,
    Person,
    PersonPage,
    UnclaimedPage,
)

PLAYS: Final = streams.LINKER_PLAYS.name


class Handlers:
    """The linker's handlers. `now` and `new_id` are given, so that tests can say what they are."""

    def __init__(self, *, worker: Worker, pool: Pool, now: Callable[[], datetime], new_id: Callable[[], str]) -> None:
        self._worker = worker
        self._pool = pool
        self._now = now
        self._new_id = new_id

    async def see_play(self, message: Message) -> None:
        """Take note of the account that a play was seen on, and say whose it is where that is certain."""
        play = msgspec.json.decode(message.payload, type=PlayRecorded)
        async with self._worker.once(consumer=PLAYS, message_id=message.id) as work:
            await accounts.lock_to_see(work.connection, play.account.source)
            await accounts.note_play(work.connection, play.account, watched_at=play.watched_at)
            if play.person_id is None:
                await self._settle(work, play.account)

    async def list_people(self, question: ListPeople) -> PersonPage:
        """Answer `GET /api/people`."""
        async with transaction(self._pool) as connection:
            return await people.page_of_people(connection, question)

    async def find_person(self, question: FindPerson) -> Person:
        """Answer `GET /api/people/{id}`."""
        async with transaction(self._pool) as connection:
            return await joining.person_of(connection, question.person_id)

    async def list_unclaimed(self, question: ListUnclaimed) -> UnclaimedPage:
        """Answer `GET /api/people/unclaimed`."""
        async with transaction(self._pool) as connection:
            return await accounts.page_of_unclaimed(connection, question)

    async def claim_account(self, question: ClaimAccount) -> Person:
        """Give an account that was seen to a person, or to a new one; asking again answers the same."""
        async with self._worker.on_request() as work:
            await accounts.lock_to_claim(work.connection, question.source)
            account = await accounts.seen_account(
                work.connection, source=question.source, server=question.server, account_id=question.account_id
            )
            if account is None:
                raise NotFoundError("no play was seen on this account: GET /api/people/unclaimed lists those seen")
            person = await self._claimant(work, question, account)
            await self._claim(work, account, person)
            return await joining.person_of(work.connection, person.id)

    async def merge_people(self, question: MergePeople) -> Person:
        """Make one person of two; asking again answers the same."""
        if question.person_id == question.merged_id:
            fault = Fault("merged_id", "expected another person")
            raise InvalidError("a person cannot be merged with himself", faults=(fault,))
        async with self._worker.on_request() as work:
            await people.lock_to_merge(work.connection)
            person = await joining.person_of(work.connection, question.person_id)
            merged = await joining.person_of(work.connection, question.merged_id)
            if person.id == merged.id:
                return person
            await people.merge_into(work.connection, person_id=person.id, merged_id=merged.id)
            work.publish(
                PersonMerged(
                    id=derived_id("person.merged", person.id, merged.id),
                    occurred_at=self._now(),
                    person_id=person.id,
                    person_name=person.name,
                    merged_id=merged.id,
                )
            )
            return await joining.person_of(work.connection, person.id)

    async def _claimant(self, work: Work, question: ClaimAccount, account: Account) -> Person:
        holder = await self._holder(work, account)
        if question.person_id is None:
            if holder is not None:
                return _as_called(await joining.person_of(work.connection, holder), question.name)
            person_id = self._new_id()
            name = question.name or account.name or f"{account.source} {account.id}"
            await people.add_person(work.connection, person_id=person_id, name=name)
            return await joining.person_of(work.connection, person_id)
        person = await joining.person_of(work.connection, question.person_id)
        if holder not in {None, person.id}:
            raise ConflictError("this account belongs to another person: merge the two if they are one")
        return _as_called(person, question.name)

    async def _holder(self, work: Work, account: Account) -> str | None:
        """Return who holds any key of an account; more than one is a conflict that only a merge can end."""
        keys = domain.keys_of(account, await accounts.owners_of(work.connection, account))
        holders = await accounts.holders_of(work.connection, keys)
        if len({each.person_id for each in holders.values()}) > 1:
            raise ConflictError("this account belongs to two persons by its two ids: merge them first")
        return domain.person_of(keys, holders)

    async def _claim(self, work: Work, account: Account, person: Person) -> None:
        key = domain.key_of(account)
        holder = await accounts.hold(
            work.connection, key, person_id=person.id, username=account.name or account.id, at=self._now()
        )
        if holder != person.id:
            raise ConflictError("this account was claimed by another person at the same time")
        joining.say_claimed(work, account, person, at=self._now())
        await accounts.assign(work.connection, account, person_id=person.id)
        for other in await accounts.unassigned_like(work.connection, account):
            await self._settle(work, other)

    async def _settle(self, work: Work, account: Account) -> None:
        """Say whose an account is, if that is certain."""
        keys = domain.keys_of(account, await accounts.owners_of(work.connection, account))
        person_id = domain.person_of(keys, await accounts.holders_of(work.connection, keys))
        if person_id is None:
            return
        person = await joining.person_of(work.connection, person_id)
        await accounts.assign(work.connection, account, person_id=person.id)
        joining.say_claimed(work, account, person, at=self._now())


def _as_called(person: Person, name: str | None) -> Person:
    """Return a person; raises `ConflictError` where another name was asked for, which nobody would get."""
    if name not in {None, person.name}:
        raise ConflictError(f"this account's person is {person.name!r} ({person.id}): leave out the name of a new one")
    return person
