"""The nightly check of Seerr, as a run: first all linked persons, then all of Seerr's users, a page at a time."""

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
from services.linker.seerr.state import discord_ids_of, read_state
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
"""The upstream lets four calls run at a time; this leaves one for the linker's other calls to Seerr."""

log = structlog.get_logger()


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where the next page begins: at the person whose id follows `after`, or after the first `skip` users of Seerr."""

    began_at: datetime
    after: str = ""
    skip: int | None = None


class NightlyCheck:
    """The pages of a check. Each may be done twice, and on several replicas at once."""

    def __init__(self, *, pool: Pool, lookup: SeerrLookup, matcher: Matcher, now: Callable[[], datetime]) -> None:
        self._pool = pool
        self._lookup = lookup
        self._matcher = matcher
        self._now = now
        self.kind: Final = Kind(
            name="seerr",
            queue=streams.LINKER_SEERR.purpose,
            checkpoint=Checkpoint,
            first=self.first,
            step=self.step,
            begins=BEGINS,
        )

    def first_checkpoint(self) -> Checkpoint:
        """Return where a check begins."""
        return Checkpoint(began_at=self._now())

    async def first(self, _options: Mapping[str, Any]) -> Checkpoint:
        """Return where a check begins; raises `ConflictError` if there is no Seerr to check."""
        if await self._lookup.find() is None:
            raise ConflictError("Seerr is not set up, or is switched off: set it up with PUT /api/seerr")
        return self.first_checkpoint()

    async def step(self, run: Run, checkpoint: Checkpoint) -> Page[Checkpoint]:
        """Check the next persons or users."""
        seerr = await self._lookup.find()
        if seerr is None:
            return Page(checkpoint=None, errors=(RunError("Seerr", "it was removed or switched off meanwhile"),))
        if checkpoint.skip is not None:
            return await self._read_users(seerr, run, checkpoint, skip=checkpoint.skip)
        async with transaction(self._pool) as connection:
            persons = await store.linked_persons(connection, checkpoint.after, limit=PERSONS_AT_ONCE)
            total = await store.count_linked(connection)
        if not persons:
            return await self._read_users(seerr, run, checkpoint, skip=0)
        return await self._recheck_persons(seerr, run, checkpoint, persons, total=total)

    async def _recheck_persons(
        self, seerr: ConfiguredSeerr, run: Run, checkpoint: Checkpoint, persons: list[str], *, total: int
    ) -> Page[Checkpoint]:
        """Recheck some persons against one list of Seerr's users, and give a job for each who needs more."""
        cause = f"{run.id}:after:{checkpoint.after}"
        state = await read_state(seerr.api, self._pool)
        unresolved: list[str] = []
        errors: list[RunError] = []
        for person_id in persons:
            try:
                is_resolved = await self._matcher.recheck(seerr, state, person_id, cause=cause)
            except RefusedError as exc:
                errors.append(_refusal_of(exc, f"person {person_id}"))
                is_resolved = False
            if not is_resolved:
                unresolved.append(person_id)

        async def effect(work: Work) -> None:
            for person_id in unresolved:
                work.give(MatchUser(person_id), cause=cause)

        return Page(
            checkpoint=msgspec.structs.replace(checkpoint, after=persons[-1]),
            done=len(persons),
            total=total + len(state.users),
            counts={"persons": len(persons), "persons_to_match": len(unresolved)},
            errors=tuple(errors),
            effect=effect,
        )

    async def _read_users(
        self, seerr: ConfiguredSeerr, run: Run, checkpoint: Checkpoint, *, skip: int
    ) -> Page[Checkpoint]:
        """Read the Discord ids of some of Seerr's users; after the last, have the missing ones written."""
        page = await seerr.api.users(take=PAGE, skip=skip)
        found, errors = await _read_discord_ids(seerr.api, page.users)
        end = skip + len(page.users)
        is_last = not page.users or end >= page.total

        async def effect(work: Work) -> None:
            await store.lock_to_match(work.connection)
            if not await is_still_configured(work.connection, seerr):
                return
            await store.note_discord_ids(work.connection, found, at=self._now())
            if is_last:
                await store.forget_discord_ids(work.connection, before=checkpoint.began_at)
                for person_id in await store.persons_to_write(work.connection):
                    work.give(TellUser(person_id), cause=f"{run.id}:users")

        return Page(
            checkpoint=None if is_last else msgspec.structs.replace(checkpoint, skip=end),
            done=len(page.users),
            total=run.progress.done - skip + page.total,
            counts={"users": len(page.users)},
            errors=tuple(errors),
            effect=effect,
        )


async def _read_discord_ids(api: Seerr, users: list[SeerrUser]) -> tuple[dict[int, tuple[str, ...]], list[RunError]]:
    found: dict[int, tuple[str, ...]] = {}
    errors: list[RunError] = []
    for at in range(0, len(users), CALLS_AT_ONCE):
        some = [user.id for user in users[at : at + CALLS_AT_ONCE]]
        answers = await asyncio.gather(*(discord_ids_of(api, number) for number in some), return_exceptions=True)
        for number, answer in zip(some, answers, strict=True):
            if isinstance(answer, RefusedError):
                errors.append(_refusal_of(answer, f"Seerr's user {number}"))
            elif isinstance(answer, BaseException):
                raise answer
            else:
                found[number] = answer
    return found, errors


def _refusal_of(error: RefusedError, what: str) -> RunError:
    """Return a refusal that concerns only one person or user; raise it if Seerr refuses the key."""
    if isinstance(error, CredentialRefusedError):
        raise error
    log.warning("seerr_refuses", what=what, reason=error.detail)
    return RunError(what, error.detail)
