"""`/api/runs`: work of minutes or hours, how far it is, and ending it."""

from datetime import UTC, datetime
from typing import Annotated, Final, get_args

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from services.gateway.access.audit import Audit
from services.gateway.access.caller import Caller
from services.gateway.api import describe
from services.gateway.api.guards import needs
from services.gateway.events.shapes import RunFilter, RunPage
from services.gateway.page import Id, Limit, Offset, Word
from services.gateway.store import runs
from services.gateway.store.database import Database
from shared.errors import ConflictError, NotFoundError
from shared.schemas.runs import CancelRun, Progress, Run, Status

RUN: Final = Run(
    id="0c9dk5s2m8v4tq7h1x3z6b0nra",
    service="linker",
    kind="seerr",
    subject="",
    status="running",
    requested_by="schedule",
    requested_at=datetime(2026, 1, 31, 3, 0, tzinfo=UTC),
    started_at=datetime(2026, 1, 31, 3, 0, 1, tzinfo=UTC),
    progress=Progress(200, 5400),
    counts={"persons": 200, "persons_to_match": 3},
    sequence=4,
)
_PAGE: Final = describe.shows(RunPage([RUN], 1, 50, 0))
_ONE: Final = describe.shows(RUN) | describe.WITH_ID
_CANCELLED: Final = describe.shows(RUN, status=202) | describe.WITH_ID | describe.CONFLICT
StatusFilter = Annotated[Status | None, QueryParameter(description=f"only these: {', '.join(get_args(Status))}")]


class RunController(Controller):
    """The runs of all services."""

    path, tags = "/runs", ("runs",)

    @get("/", summary="List runs", opt=needs("read"), responses=_PAGE)
    async def list_runs(
        self,
        database: NamedDependency[Database],
        kind: Word = None,
        status: StatusFilter = None,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> RunPage:
        """List runs, newest first."""
        wanted = RunFilter(kind=kind, status=status, limit=limit, offset=offset)
        return await runs.page_of_runs(database.pool, wanted)

    @get("/{run_id:str}", summary="Show a run", opt=needs("read"), responses=_ONE)
    async def show_run(self, database: NamedDependency[Database], run_id: Id) -> Run:
        """Show one run, with what failed in it."""
        return await _find_run(database, run_id)

    @post(
        "/{run_id:str}/cancel",
        status_code=202,
        summary="Cancel a run",
        opt=needs("admin", audits="run.cancelled"),
        responses=_CANCELLED,
    )
    async def cancel_run(
        self,
        database: NamedDependency[Database],
        caller: NamedDependency[Caller],
        audit: NamedDependency[Audit],
        run_id: Id,
    ) -> Run:
        """End a run where it is: what it did so far stays. The answer is how it was before; it ends a moment later."""
        run = await _find_run(database, run_id)
        if run.is_over:
            raise ConflictError(f"this run is over: {run.status}")
        async with database.change() as work:
            work.give(CancelRun(run_id=run.id, cancelled_by=caller.name), cause=run.id, queue=run.service)
            await audit(f"run {run.id}", on=work)
        return run


async def _find_run(database: Database, run_id: str) -> Run:
    run = await runs.find_run(database.pool, run_id)
    if run is None:
        raise NotFoundError(f"there is no run {run_id!r}: they are kept for 90 days")
    return run
