"""`/runs`: work of minutes or hours, how far it is, beginning it now, and ending it."""

import asyncio
import re
from typing import Any, Final, get_args

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from services.gateway.api.guards import needs
from services.gateway.api.sync import SyncReceipt, SyncStatus
from services.gateway.dashboard.forms import Form
from services.gateway.dashboard.internal_api import InternalApi
from services.gateway.dashboard.listing import offset_of, search_of
from services.gateway.dashboard.view import View
from services.gateway.events.shapes import RunPage
from shared.errors import ConflictError, InvalidError, UnavailableError
from shared.schemas.runs import Run, Status

STATUSES: Final = get_args(Status)
_INDEX: Final = re.compile(r"\[.*")
"""What follows the field's name in the path of a fault: `kinds[0]`."""
RefusedSync = InvalidError | ConflictError | UnavailableError


class RunsController(Controller):
    """The runs of all services."""

    path = "/runs"

    @get("/", opt=needs("read"))
    async def list_runs(
        self,
        view: NamedDependency[View],
        api: NamedDependency[InternalApi],
        kind: FromQuery[str] = "",
        status: FromQuery[str] = "",
        offset: FromQuery[str] = "",
    ) -> Response[str]:
        """List them, newest first, and show when the next are due."""
        filters = {"kind": search_of(kind), "status": status if status in STATUSES else None}
        runs, due = await asyncio.gather(
            api.look("/runs", RunPage, offset=offset_of(offset), **filters), api.look("/sync/status", SyncStatus)
        )
        kinds = [each.kind for each in due.value.kinds] if due.value else []
        if filters["kind"] and filters["kind"] not in kinds:
            kinds.append(filters["kind"])
        return view.page("runs/index.html", runs=runs, due=due, filters=filters, kinds=kinds, statuses=STATUSES)

    @get("/sync", opt=needs("admin"))
    async def choose_sync(
        self, view: NamedDependency[View], api: NamedDependency[InternalApi], kind: FromQuery[str] = ""
    ) -> Response[str]:
        """Show what can be begun now, and how."""
        return await _choice(view, api, Form({"kinds": [kind] if kind else []}))

    @post("/sync", opt=needs("admin"), status_code=200)
    async def begin_sync(
        self, view: NamedDependency[View], api: NamedDependency[InternalApi], form: NamedDependency[Form]
    ) -> Response[Any]:
        """Begin a run of each kind; what removes something is begun once somebody has read what that means."""
        if form.is_on("remove_missing") and form.text("sure") != "yes":
            return view.page("runs/confirm_sync.html", form=form)
        body = {
            "kinds": form.all("kinds") or None,
            "full": form.is_on("full"),
            "remove_missing": form.is_on("remove_missing"),
            "person": form.optional("person"),
        }
        try:
            begun = await api.post("/sync", SyncReceipt, body)
        except (InvalidError, ConflictError, UnavailableError) as exc:
            return await _choice(view, api, form, error=exc)
        ids = begun.run_ids
        return view.go(f"/runs/{ids[0]}" if len(ids) == 1 else "/runs", view.say("runs.begun", count=len(ids)))

    @get("/{run_id:str}", opt=needs("read"))
    async def show_run(
        self, view: NamedDependency[View], api: NamedDependency[InternalApi], run_id: FromPath[str]
    ) -> Response[str]:
        """Show how far a run is, and what failed in it."""
        return view.page("runs/run.html", run=await api.get(f"/runs/{run_id}", Run))

    @get("/{run_id:str}/cancel", opt=needs("admin"))
    async def confirm_cancel(
        self, view: NamedDependency[View], api: NamedDependency[InternalApi], run_id: FromPath[str]
    ) -> Response[Any]:
        """Say what ending it means."""
        run = await api.get(f"/runs/{run_id}", Run)
        if run.is_over:
            return view.go(f"/runs/{run.id}", view.say("runs.is_over"))
        return view.page("runs/cancel.html", run=run)

    @post("/{run_id:str}/cancel", opt=needs("admin"))
    async def cancel(
        self, view: NamedDependency[View], api: NamedDependency[InternalApi], run_id: FromPath[str]
    ) -> Redirect:
        """End a run where it is."""
        try:
            await api.post(f"/runs/{run_id}/cancel", Run)
        except ConflictError:
            return view.go(f"/runs/{run_id}", view.say("runs.is_over"))
        return view.go(f"/runs/{run_id}", view.say("runs.cancelled"))


async def _choice(view: View, api: InternalApi, form: Form, *, error: RefusedSync | None = None) -> Response[str]:
    due = await api.look("/sync/status", SyncStatus)
    faults = {_INDEX.sub("", fault.path): fault.message for fault in error.faults} if error else {}
    return view.page(
        "runs/sync.html",
        status=error.status if error else 200,
        due=due,
        form=form,
        faults=faults,
        detail=error.detail if error and not faults.keys() & {"person"} else "",
    )
