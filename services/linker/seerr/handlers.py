"""What the linker does about Seerr: follows links, matches persons, writes to their users, begins nightly checks."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec

from services.linker.seerr.configured_seerr import SeerrLookup
from services.linker.seerr.jobs import CheckSeerr, Forget, MatchUser, Survey, Sweep, TakeOut, TellUser
from services.linker.seerr.matcher import Matcher
from services.linker.seerr.nightly_check import NightlyCheck
from services.linker.seerr.records import Records
from services.linker.seerr.remove_users import remove_users
from services.linker.seerr.writer import SeerrWriter
from services.linker.servers.store import servers_of
from shared.bus import streams
from shared.bus.message import Message
from shared.bus.work import Work, Worker
from shared.errors import ConflictError
from shared.runs.runs import Runs
from shared.schemas.events import AccountLinked, PersonMerged, PersonUnmerged, ServerChanged
from shared.schemas.job import JobHandler

LINKS: Final = streams.LINKER_LINKS.name
_KNOWN_TO_SEERR: Final = frozenset({"plex", "jellyfin", "emby", "discord"})


class Handlers:
    """The linker's handlers for Seerr. Each may run twice, and on several replicas at once."""

    def __init__(
        self,
        *,
        worker: Worker,
        lookup: SeerrLookup,
        records: Records,
        matcher: Matcher,
        writer: SeerrWriter,
        runs: Runs,
        nightly_check: NightlyCheck,
        now: Callable[[], datetime],
    ) -> None:
        self._worker = worker
        self._lookup = lookup
        self._records = records
        self._matcher = matcher
        self._writer = writer
        self._runs = runs
        self._nightly_check = nightly_check
        self._now = now

    def jobs(self) -> tuple[JobHandler[Message], ...]:
        """Return the handlers of the jobs."""
        return (
            MatchUser.done_by(self.match_user),
            TellUser.done_by(self.tell_user),
            TakeOut.done_by(self.take_out),
            CheckSeerr.done_by(self.begin_check),
            Sweep.done_by(self.begin_check),
            Survey.done_by(self.begin_check),
            Forget.done_by(self.forget),
        )

    async def note_change(self, message: Message) -> None:
        """Give the jobs that a link, a merge of persons or a change of Seerr requires."""
        fact = msgspec.json.decode(message.payload, type=AccountLinked | PersonMerged | PersonUnmerged | ServerChanged)
        async with self._worker.once(consumer=LINKS, message_id=message.id) as work:
            match fact:
                case AccountLinked(provider=provider) if provider in _KNOWN_TO_SEERR:
                    work.give(MatchUser(fact.person_id), cause=message.id)
                case PersonMerged():
                    work.give(MatchUser(fact.person_id), cause=message.id)
                case PersonUnmerged():
                    for person_id in (fact.person_id, fact.merged_id):
                        work.give(MatchUser(person_id), cause=message.id)
                case ServerChanged():
                    await self._note_server_change(work, fact, cause=message.id)
                case _:
                    pass

    async def _note_server_change(self, work: Work, fact: ServerChanged, *, cause: str) -> None:
        rows = await servers_of(work.connection, "seerr", only_enabled=False)
        if fact.is_removed and not rows:
            work.give(Forget(), cause=cause)
        elif any(row.enabled and row.name == fact.name for row in rows):
            first = self._nightly_check.first_checkpoint()
            await self._runs.begin_again(work, self._nightly_check.kind, first, requested_by="change of Seerr")

    async def match_user(self, job: MatchUser, message: Message) -> None:
        """Find a person's user, or create one."""
        seerr = await self._lookup.find()
        if seerr is not None:
            await self._matcher.match(seerr, job.person_id, cause=message.id)

    async def tell_user(self, job: TellUser, message: Message) -> None:
        """Write to a person's user; if it is no longer the same user, have the person matched again."""
        seerr = await self._lookup.find()
        person = await self._records.find_person(job.person_id)
        if seerr is None or person is None or person.seerr_user_id is None:
            return
        if person.proof is None or not await self._writer.write(seerr, person, person.proof):
            async with self._worker.on_request() as work:
                work.give(MatchUser(person.person_id), cause=message.id)

    async def take_out(self, job: TakeOut, _message: Message) -> None:
        """Remove Discord ids that Usher wrote from a user that is no longer that person's."""
        seerr = await self._lookup.find()
        if seerr is not None:
            await self._writer.remove_discord_ids(seerr.api, job)

    async def begin_check(self, _job: CheckSeerr | Sweep | Survey, message: Message) -> None:
        """Begin a check of everybody, unless one is running or Seerr is not set up."""
        try:
            first = await self._nightly_check.first({})
        except ConflictError:
            return
        async with self._worker.once(consumer=streams.LINKER_SEERR.name, message_id=message.id) as work:
            await self._runs.begin(work, self._nightly_check.kind, first, requested_by="schedule")

    async def forget(self, job: Forget, message: Message) -> None:
        """Remove the users of a Seerr that is gone from the next persons, and leave the others to the next job."""
        async with self._worker.on_request() as work:
            await remove_users(work, job, cause=message.id, at=self._now())
