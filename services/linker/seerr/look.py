"""The look at all of Seerr, as a run: first all linked persons, then all of Seerr's users, a page at a time."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, time
from typing import Any, Final

import msgspec
import structlog

from services.linker.seerr import store
from services.linker.seerr.configured_seerr import ConfiguredSeerr, SeerrLookup
from services.linker.seerr.jobs import MatchUser, TellUser
from services.linker.seerr.matcher import Matcher
from services.linker.seerr.remove_users import is_still_configured
from services.linker.seerr.view import ids_of, view_of
from shared.bus import streams
from shared.bus.work import Work
from shared.clients.errors import CredentialRefusedError
from shared.clients.seerr.rest import PAGE, Seerr
from shared.clients.seerr.users import SeerrUser
from shared.errors import ConflictError
from shared.http.calls import RefusedError
from shared.postgres.pool import Pool, transaction
from shared.runs.kinds import Kind, Page
from shared.schemas.runs import Run, RunError

BEGINS: Final = time(3)
PERSONS_AT_ONCE: Final = 200
CALLS_AT_ONCE: Final = 3
"""Of the four that the upstream lets go at a time: the linker's other questions to Seerr come between."""

log = structlog.get_logger()


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a look goes on: with the persons whose id is over `after`, or with Seerr's users from the `skip`-th on."""

    began_at: datetime
    after: str = ""
    skip: int | None = None


class Look:
    """The pages of a look. Each may be done twice, and on several replicas at once."""

    def __init__(self, *, pool: Pool, lookup: SeerrLookup, matcher: Matcher, now: Callable[[], datetime]) -> None:
        self._pool = pool
        self._lookup = lookup
        self._matcher = matcher
        self._now = now
        self.kind: Final = Kind(
            name="seerr",
            queue=streams.LINKER_SEERR.purpose,
            checkpoint=Place,
            first=self.first,
            step=self.step,
            begins=BEGINS,
        )

    def beginning(self) -> Place:
        """Return where a look begins."""
        return Place(began_at=self._now())

    async def first(self, _options: Mapping[str, Any]) -> Place:
        """Return where a look begins; raises `ConflictError` where there is no Seerr to look at."""
        if await self._lookup.find() is None:
            raise ConflictError("Seerr is not set up, or is switched off: set it up with PUT /api/seerr")
        return self.beginning()

    async def step(self, run: Run, place: Place) -> Page[Place]:
        """Look at the next persons or users."""
        seerr = await self._lookup.find()
        if seerr is None:
            return Page(checkpoint=None, errors=(RunError("Seerr", "it was removed or switched off meanwhile"),))
        if place.skip is not None:
            return await self._read_users(seerr, run, place, skip=place.skip)
        async with transaction(self._pool) as connection:
            persons = await store.linked_after(connection, place.after, limit=PERSONS_AT_ONCE)
            total = await store.count_linked(connection)
        if not persons:
            return await self._read_users(seerr, run, place, skip=0)
        return await self._look_after(seerr, run, place, persons, total=total)

    async def _look_after(
        self, seerr: ConfiguredSeerr, run: Run, place: Place, persons: list[str], *, total: int
    ) -> Page[Place]:
        """Look after some persons by one reading of Seerr's users; who needs more gets a job of their own."""
        cause = f"{run.id}:after:{place.after}"
        view = await view_of(seerr.api, self._pool)
        unresolved: list[str] = []
        errors: list[RunError] = []
        for person_id in persons:
            try:
                is_resolved = await self._matcher.recheck(seerr, view, person_id, cause=cause)
            except RefusedError as exc:
                errors.append(_refusal_of(exc, f"person {person_id}"))
                is_resolved = False
            if not is_resolved:
                unresolved.append(person_id)

        async def effect(work: Work) -> None:
            for person_id in unresolved:
                work.give(MatchUser(person_id), cause=cause)

        return Page(
            checkpoint=msgspec.structs.replace(place, after=persons[-1]),
            done=len(persons),
            total=total + len(view.users),
            counts={"persons": len(persons), "persons_to_match": len(unresolved)},
            errors=tuple(errors),
            effect=effect,
        )

    async def _read_users(self, seerr: ConfiguredSeerr, run: Run, place: Place, *, skip: int) -> Page[Place]:
        """Read the Discord ids of some of Seerr's users; after the last, tell what they show to be missing."""
        page = await seerr.api.users(take=PAGE, skip=skip)
        found, errors = await _discord_ids(seerr.api, page.users)
        end = skip + len(page.users)
        is_last = not page.users or end >= page.total

        async def effect(work: Work) -> None:
            await store.lock_to_match(work.connection)
            if not await is_still_configured(work.connection, seerr):
                return
            await store.note_discord_ids(work.connection, found, at=self._now())
            if is_last:
                await store.forget_discord_ids(work.connection, before=place.began_at)
                for person_id in await store.persons_to_tell(work.connection):
                    work.give(TellUser(person_id), cause=f"{run.id}:users")

        return Page(
            checkpoint=None if is_last else msgspec.structs.replace(place, skip=end),
            done=len(page.users),
            total=run.progress.done - skip + page.total,
            counts={"users": len(page.users)},
            errors=tuple(errors),
            effect=effect,
        )


async def _discord_ids(api: Seerr, users: list[SeerrUser]) -> tuple[dict[int, tuple[str, ...]], list[RunError]]:
    found: dict[int, tuple[str, ...]] = {}
    errors: list[RunError] = []
    for at in range(0, len(users), CALLS_AT_ONCE):
        some = [user.id for user in users[at : at + CALLS_AT_ONCE]]
        answers = await asyncio.gather(*(ids_of(api, number) for number in some), return_exceptions=True)
        for number, answer in zip(some, answers, strict=True):
            if isinstance(answer, RefusedError):
                errors.append(_refusal_of(answer, f"Seerr's user {number}"))
            elif isinstance(answer, BaseException):
                raise answer
            else:
                found[number] = answer
    return found, errors


def _refusal_of(error: RefusedError, what: str) -> RunError:
    """Return a refusal that concerns one person or user alone; raise it where the key itself is refused."""
    if isinstance(error, CredentialRefusedError):
        raise error
    log.warning("seerr_refuses", what=what, reason=error.detail)
    return RunError(what, error.detail)
