"""`/people/…/merge`: choose who else a person is, read what will happen, and merge the two."""

import asyncio
import re
from typing import Any, Final

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from services.gateway.api.guards import needs
from services.gateway.dashboard.forms import Form
from services.gateway.dashboard.internal_api import InternalApi
from services.gateway.dashboard.listing import offset_of, search_of
from services.gateway.dashboard.outcome import Outcome
from services.gateway.dashboard.view import View
from shared.errors import ConflictError, InvalidError, NotFoundError
from shared.schemas.history import PlayStats
from shared.schemas.people import Person, PersonPage

RefusedMerge = InvalidError | NotFoundError | ConflictError
_ID: Final = re.compile(r"[A-Za-z0-9_.:-]{1,100}")


class MergeController(Controller):
    """The person in the address is who is left."""

    path = "/people/{person_id:str}/merge"

    @get("/", opt=needs("admin"))
    async def choose(
        self,
        view: NamedDependency[View],
        api: NamedDependency[InternalApi],
        person_id: FromPath[str],
        search: FromQuery[str] = "",
        offset: FromQuery[str] = "",
    ) -> Response[Any]:
        """Show the other people, by search or by id."""
        return await _choice(view, api, person_id, search=search, offset=offset)

    @get("/{merged_id:str}", opt=needs("admin"))
    async def confirm(
        self,
        view: NamedDependency[View],
        api: NamedDependency[InternalApi],
        person_id: FromPath[str],
        merged_id: FromPath[str],
    ) -> Response[Any]:
        """Say what will happen."""
        person, merged = await asyncio.gather(
            api.get(f"/people/{person_id}", Person), api.get(f"/people/{merged_id}", Person)
        )
        if person.id == merged.id:
            return view.go(f"/people/{person.id}", view.say("merge.are_one"))
        kept, moved = await asyncio.gather(
            *(api.look("/history/stats", PlayStats, person=each.id) for each in (person, merged))
        )
        return view.page("people/confirm_merge.html", sides=[(person, kept), (merged, moved)])

    @post("/", opt=needs("admin"))
    async def merge(
        self,
        view: NamedDependency[View],
        api: NamedDependency[InternalApi],
        form: NamedDependency[Form],
        person_id: FromPath[str],
    ) -> Response[Any]:
        """Merge the two, and show who is left."""
        merged_id = form.text("merged_id")
        try:
            merged = await api.get(f"/people/{merged_id}", Person) if _ID.fullmatch(merged_id) else None
            left = await api.post(f"/people/{person_id}/merge", Person, {"merged_id": merged_id})
        except (InvalidError, NotFoundError, ConflictError) as exc:
            return await _choice(view, api, person_id, search=merged_id, error=exc)
        name = merged.name if merged else merged_id
        return view.go(f"/people/{left.id}", view.say("merge.done", merged=name, name=left.name))


async def _choice(
    view: View,
    api: InternalApi,
    person_id: str,
    *,
    search: str,
    offset: str = "",
    error: RefusedMerge | None = None,
) -> Response[Any]:
    person, wanted = await api.get(f"/people/{person_id}", Person), search_of(search)
    found = await api.look("/people", PersonPage, search=wanted, offset=offset_of(offset))
    if found.value and wanted and _ID.fullmatch(wanted):
        found = await _with_id(api, found.value, wanted)
    return view.page(
        "people/merge.html",
        status=error.status if error else 200,
        person=person,
        people=found,
        search=wanted or "",
        faults={"search": _fault(view, error)} if error else {},
    )


def _fault(view: View, error: RefusedMerge) -> str:
    return view.say("merge.no_such_person") if isinstance(error, NotFoundError) else error.detail


async def _with_id(api: InternalApi, page: PersonPage, person_id: str) -> Outcome[PersonPage]:
    """Return a page with the person of this id on top, if there is one."""
    one = (await api.look(f"/people/{person_id}", Person)).value
    if one is None or any(each.id == one.id for each in page.items):
        return Outcome(value=page)
    return Outcome(value=msgspec.structs.replace(page, items=[one, *page.items], total=page.total + 1))
