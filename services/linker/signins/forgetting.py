"""Forgets people: what the linker has about them at once, what others have by `person.forgotten`."""

from collections.abc import Callable, Sequence
from datetime import datetime

from services.linker.people import ownership
from services.linker.people.store import forgetting, people
from services.linker.signins.end_sign_in import SignInEnder
from services.linker.signins.store import connections, sign_ins
from services.linker.signins.unlink_account import AccountUnlinker
from shared.bus.work import Work, Worker
from shared.owners import user_id
from shared.postgres.pool import Connection
from shared.schemas.events import PersonForgotten
from shared.schemas.identifiers import derived_id
from shared.schemas.people import ForgetPerson, ForgottenPerson, Person


class Forgetting:
    """Answers `ForgetPerson`."""

    def __init__(
        self, *, worker: Worker, unlinker: AccountUnlinker, ender: SignInEnder, now: Callable[[], datetime]
    ) -> None:
        self._worker = worker
        self._unlinker = unlinker
        self._ender = ender
        self._now = now

    async def forget_person(self, question: ForgetPerson) -> ForgottenPerson:
        """Unlink a person's accounts, delete all about them, and publish that; asking again gives the same answer.

        Sign-ins come first: who links holds the lock of a sign-in when they ask for the one of merges.
        """
        async with self._worker.on_request() as work:
            known = await people.find_person(work.connection, question.person_id)
            if known is not None:
                await self._delete_sign_ins(work, await forgetting.ids_of(work.connection, known.id))
            await people.lock_to_merge(work.connection)
            if (before := await forgetting.find_forgotten(work.connection, question.person_id)) is not None:
                return before
            person = await ownership.load_person(work.connection, question.person_id)
            gone = ForgottenPerson(person_id=person.id, remaining_seerr_user_id=person.seerr_user_id)
            ids = await forgetting.ids_of(work.connection, person.id)
            work.publish(await self._event(work.connection, ids, person))
            for linked in await connections.lock_all_of(work.connection, person.id):
                await self._unlinker.unlink(work, linked, reason="the person was forgotten")
            await forgetting.delete_person(work.connection, gone, ids, at=self._now())
            return gone

    async def _delete_sign_ins(self, work: Work, ids: Sequence[str]) -> None:
        for sign_in_id in await sign_ins.lock_all_of(work.connection, ids):
            await self._ender.end(work, sign_in_id, state="cancelled")
            await sign_ins.delete(work.connection, sign_in_id)

    async def _event(self, connection: Connection, ids: Sequence[str], person: Person) -> PersonForgotten:
        names, others = await forgetting.names_of(connection, ids)
        taken = {user_id(name) for name in others}
        return PersonForgotten(
            id=derived_id("person.forgotten", person.id),
            occurred_at=self._now(),
            person_ids=tuple(ids),
            accounts=tuple(await forgetting.accounts_of(connection, ids)),
            user_ids=tuple(sorted({user_id(name) for name in names} - taken)),
        )
