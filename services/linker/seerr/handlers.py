"""What the linker does about Seerr: hears of links, matches persons, tells Seerr, and looks at everybody at night."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec
import structlog

from services.linker.seerr import store
from services.linker.seerr.desk import Desk, Desks
from services.linker.seerr.jobs import Forget, MatchUser, Survey, Sweep, TakeOut, TellUser
from services.linker.seerr.leaving import is_there, take_users
from services.linker.seerr.matching import Matching
from services.linker.seerr.records import Records
from services.linker.seerr.telling import Telling
from services.linker.seerr.view import View, ids_of, view_of
from services.linker.servers.store import servers_of
from shared.bus import streams
from shared.bus.message import Message
from shared.bus.work import Work, Worker
from shared.clients.errors import CredentialRefusedError
from shared.clients.seerr.rest import PAGE, Seerr
from shared.clients.seerr.users import SeerrUser
from shared.http.calls import RefusedError
from shared.postgres.pool import Pool, transaction
from shared.schemas.events import AccountLinked, PersonMerged, ServerChanged
from shared.schemas.job import JobHandler

LINKS: Final = streams.LINKER_LINKS.name
PERSONS_AT_ONCE: Final = 200
CALLS_AT_ONCE: Final = 3
"""Of the four that the upstream lets go at a time: the linker's other questions to Seerr come between."""

_KNOWN_TO_SEERR: Final = frozenset({"plex", "jellyfin", "emby", "discord"})

log = structlog.get_logger()


class Handlers:
    """The linker's handlers of what concerns Seerr. Each may run twice, and on several replicas at once."""

    def __init__(
        self,
        *,
        worker: Worker,
        pool: Pool,
        desks: Desks,
        records: Records,
        matching: Matching,
        telling: Telling,
        now: Callable[[], datetime],
    ) -> None:
        self._worker = worker
        self._pool = pool
        self._desks = desks
        self._records = records
        self._matching = matching
        self._telling = telling
        self._now = now

    def jobs(self) -> tuple[JobHandler[Message], ...]:
        """Return what does the jobs."""
        return (
            MatchUser.done_by(self.match_user),
            TellUser.done_by(self.tell_user),
            TakeOut.done_by(self.take_out),
            Sweep.done_by(self.sweep),
            Survey.done_by(self.survey),
            Forget.done_by(self.forget),
        )

    async def hear(self, message: Message) -> None:
        """Note what is to be done about a link, a merger of persons, or another Seerr."""
        fact = msgspec.json.decode(message.payload, type=AccountLinked | PersonMerged | ServerChanged)
        async with self._worker.once(consumer=LINKS, message_id=message.id) as work:
            match fact:
                case AccountLinked(provider=provider) if provider in _KNOWN_TO_SEERR:
                    work.give(MatchUser(fact.person_id), cause=message.id)
                case PersonMerged():
                    work.give(MatchUser(fact.person_id), cause=message.id)
                case ServerChanged():
                    await self._hear_of_server(work, fact, cause=message.id)
                case _:
                    pass

    async def _hear_of_server(self, work: Work, fact: ServerChanged, *, cause: str) -> None:
        rows = await servers_of(work.connection, "seerr", only_enabled=False)
        if fact.is_removed and not rows:
            work.give(Forget(), cause=cause)
        elif any(row.enabled and row.name == fact.name for row in rows):
            work.give(Sweep(), cause=cause)
            work.give(Survey(began_at=self._now()), cause=cause)

    async def match_user(self, job: MatchUser, message: Message) -> None:
        """Find a person's user, or make one."""
        desk = await self._desks.open()
        if desk is not None:
            await self._matching.match(desk, job.person_id, cause=message.id)

    async def tell_user(self, job: TellUser, message: Message) -> None:
        """Tell Seerr about a person; where the user is not the one of before, the person is matched anew."""
        desk = await self._desks.open()
        seeker = await self._records.seeker(job.person_id)
        if desk is None or seeker is None or seeker.seerr_user_id is None:
            return
        if seeker.proof is None or not await self._telling.tell(desk, seeker, seeker.proof):
            async with self._worker.on_request() as work:
                work.give(MatchUser(seeker.person_id), cause=message.id)

    async def take_out(self, job: TakeOut, _message: Message) -> None:
        """Take Discord ids that Usher wrote out of a user who is not that person's any more."""
        desk = await self._desks.open()
        if desk is not None:
            await self._telling.take_out(desk.api, job)

    async def sweep(self, job: Sweep, message: Message) -> None:
        """Look after the next persons by one reading of Seerr's users, and leave the others to the next job."""
        desk = await self._desks.open()
        if desk is None:
            return
        async with transaction(self._pool) as connection:
            persons = await store.linked_after(connection, job.after, limit=PERSONS_AT_ONCE)
        if not persons:
            return
        view = await view_of(desk.api, self._pool)
        settled = [await self._look_after(desk, view, each, cause=message.id) for each in persons]
        async with self._worker.on_request() as work:
            for person_id, is_settled in zip(persons, settled, strict=True):
                if not is_settled:
                    work.give(MatchUser(person_id), cause=message.id)
            work.give(Sweep(after=persons[-1]), cause=message.id)

    async def _look_after(self, desk: Desk, view: View, person_id: str, *, cause: str) -> bool:
        """Return false for who needs a job of their own: also where Seerr refuses to tell what only they need."""
        try:
            return await self._matching.look_after(desk, view, person_id, cause=cause)
        except CredentialRefusedError:
            raise
        except RefusedError as exc:
            log.warning("person_not_looked_after", person=person_id, reason=exc.detail)
            return False

    async def survey(self, job: Survey, message: Message) -> None:
        """Read the Discord ids of the next of Seerr's users; after the last, tell what they show to be missing."""
        desk = await self._desks.open()
        if desk is None:
            return
        page = await desk.api.users(take=PAGE, skip=job.skip)
        found = await _discord_ids(desk.api, page.users)
        is_last = not page.users or job.skip + len(page.users) >= page.total
        async with self._worker.on_request() as work:
            await store.lock_to_match(work.connection)
            if not await is_there(work.connection, desk):
                return
            await store.note_discord_ids(work.connection, found, at=self._now())
            if not is_last:
                rest = Survey(began_at=job.began_at, skip=job.skip + len(page.users))
                work.give(rest, cause=message.id)
                return
            await store.forget_discord_ids(work.connection, before=job.began_at)
            for person_id in await store.persons_to_tell(work.connection):
                work.give(TellUser(person_id), cause=message.id)

    async def forget(self, job: Forget, message: Message) -> None:
        """Take from the next persons the users of a Seerr that is gone, and leave the others to the next job."""
        async with self._worker.on_request() as work:
            await take_users(work, job, cause=message.id, at=self._now())


async def _discord_ids(api: Seerr, users: list[SeerrUser]) -> dict[int, tuple[str, ...]]:
    found: dict[int, tuple[str, ...]] = {}
    for at in range(0, len(users), CALLS_AT_ONCE):
        some = [user.id for user in users[at : at + CALLS_AT_ONCE]]
        answers = await asyncio.gather(*(ids_of(api, number) for number in some), return_exceptions=True)
        for number, answer in zip(some, answers, strict=True):
            if isinstance(answer, RefusedError) and not isinstance(answer, CredentialRefusedError):
                log.warning("seerr_user_not_shown", seerr_user=number, reason=answer.detail)
            elif isinstance(answer, BaseException):
                raise answer
            else:
                found[number] = answer
    return found
