"""`/api/sync`: beginning runs by hand, and when they begin by themselves."""

from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.openapi.spec import Example
from litestar.params import Body
from msgspec import Meta

from services.gateway.access.audit import Audit
from services.gateway.access.caller import Caller
from services.gateway.api import acting, describe
from services.gateway.api.guards import needs
from services.gateway.api.runs import RUN
from services.gateway.ask import Ask
from services.gateway.store import runs
from services.gateway.store.database import Database
from shared.errors import ConflictError, Fault, InvalidError, UnavailableError
from shared.schemas.runs import OWNERS, BeginRun, ListKinds, Run, RunKind

Kinds = Annotated[list[Annotated[str, Meta(max_length=40)]], Meta(min_length=1, max_length=20)]
Person = Annotated[str, Meta(min_length=1, max_length=100, pattern=acting.ID)]


class Sync(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be synced, everything without `kinds`; each kind reads of the rest what it knows."""

    kinds: Kinds | None = None
    full: bool = False
    remove_missing: bool = False
    person: Person | None = None


class SyncReceipt(msgspec.Struct, frozen=True):
    """The runs, in the order of the kinds; where one was open already, it is that one."""

    run_ids: list[str]


class KindStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of runs: its newest run, and when the next begins by itself; null for never, or while nobody knows."""

    kind: str
    next_at: datetime | None
    run: Run | None


class SyncStatus(msgspec.Struct, frozen=True):
    """All kinds, by name."""

    kinds: list[KindStatus]


_BODY: Final = Body(examples=[Example(value={"kinds": ["seerr"]})])
_BEGUN: Final = describe.shows(SyncReceipt([RUN.id]), status=202) | describe.WITH_BODY | describe.CONFLICT
_STATUS: Final = describe.shows(
    SyncStatus([KindStatus(kind="seerr", next_at=datetime(2026, 2, 1, 3, 0, tzinfo=UTC), run=RUN)])
)


class SyncController(Controller):
    """Asks the services that have runs."""

    path, tags = "/sync", ("runs",)

    @post("/", status_code=202, summary="Sync now", opt=needs("admin", audits="sync.begun"), responses=_BEGUN)
    async def begin_sync(
        self,
        ask: NamedDependency[Ask],
        caller: NamedDependency[Caller],
        audit: NamedDependency[Audit],
        database: NamedDependency[Database],
        data: Annotated[Sync | None, _BODY] = None,
    ) -> SyncReceipt:
        """Begin a run of each kind; where one is open, its id is the answer. Without kinds, of all that can begin."""
        wanted = data or Sync()
        owners = {each.kind: service for service in OWNERS for each in await _kinds_of(ask, service)}
        kinds = sorted(owners) if wanted.kinds is None else wanted.kinds
        if unknown := [Fault(f"kinds[{at}]", "no such kind") for at, kind in enumerate(kinds) if kind not in owners]:
            raise InvalidError(f"what can be synced: {', '.join(sorted(owners))}", faults=tuple(unknown))
        options = {"full": wanted.full, "remove_missing": wanted.remove_missing, "person": wanted.person}
        run_ids: list[str] = []
        conflicts: list[ConflictError] = []
        for kind in kinds:
            try:
                run = await ask(BeginRun(kind=kind, requested_by=caller.name, options=options), of=owners[kind])
            except ConflictError as exc:
                conflicts.append(exc)
                continue
            await runs.note_run(database.pool, run)
            await audit(kind)
            run_ids.append(run.id)
        if conflicts and (wanted.kinds is not None or not run_ids):
            raise conflicts[0]
        return SyncReceipt(run_ids)

    @get("/status", summary="Show what was synced, and what is due", opt=needs("read"), responses=_STATUS)
    async def show_status(self, ask: NamedDependency[Ask], database: NamedDependency[Database]) -> SyncStatus:
        """Show the newest run of each kind, and when the next is due."""
        newest = await runs.newest_runs(database.pool)
        next_at = dict.fromkeys(newest) | {
            each.kind: each.next_at for service in OWNERS for each in await _kinds_if_there(ask, service)
        }
        return SyncStatus(
            [KindStatus(kind=kind, next_at=due, run=newest.get(kind)) for kind, due in sorted(next_at.items())]
        )


async def _kinds_of(ask: Ask, service: str) -> tuple[RunKind, ...]:
    return (await ask(ListKinds(), of=service)).kinds


async def _kinds_if_there(ask: Ask, service: str) -> tuple[RunKind, ...]:
    try:
        return await _kinds_of(ask, service)
    except UnavailableError:
        return ()
