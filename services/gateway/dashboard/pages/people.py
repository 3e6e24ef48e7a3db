"""`/people`: who is known, and all that is known of one of them."""

import asyncio
from typing import Any, Final

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from services.gateway.api.guards import needs
from services.gateway.dashboard.internal_api import InternalApi
from services.gateway.dashboard.listing import offset_of, search_of
from services.gateway.dashboard.server_names import server_names
from services.gateway.dashboard.view import View
from shared.schemas.history import PlayPage, PlayStats
from shared.schemas.people import MergedPeople, Person, PersonPage, UnclaimedPage
from shared.schemas.servers import ServerPage
from shared.schemas.signins import IntegrationPage

_FEW: Final = 8
_FORBIDDEN: Final = 403


class PeopleController(Controller):
    """Reads every part on its own: one that fails says so, and the others are shown."""

    path = "/people"

    @get("/", opt=needs("read"))
    async def list_people(
        self,
        view: NamedDependency[View],
        api: NamedDependency[InternalApi],
        search: FromQuery[str] = "",
        offset: FromQuery[str] = "",
    ) -> Response[str]:
        """List people by name."""
        wanted = search_of(search)
        people, unclaimed = await asyncio.gather(
            api.look("/people", PersonPage, search=wanted, offset=offset_of(offset)),
            api.look("/people/unclaimed", UnclaimedPage, limit=1),
        )
        return view.page("people/index.html", people=people, unclaimed=unclaimed, search=wanted or "")

    @get("/{person_id:str}", opt=needs("read", own=True))
    async def show_person(
        self, view: NamedDependency[View], api: NamedDependency[InternalApi], person_id: FromPath[str]
    ) -> Response[Any]:
        """Show a person; the address of one who was merged leads to who is left."""
        person = await api.get(f"/people/{person_id}", Person)
        if person.id != person_id:
            return view.go(f"/people/{person.id}", view.say("people.was_merged", name=person.name))
        servers, accounts, plays, stats, merges = await asyncio.gather(
            api.look("/mediaservers", ServerPage, limit=200),
            api.look("/integrations", IntegrationPage, person=person.id, limit=200),
            api.look("/history", PlayPage, person=person.id, limit=_FEW),
            api.look("/history/stats", PlayStats, person=person.id),
            api.look(f"/people/{person.id}/merges", MergedPeople),
        )
        return view.page(
            "people/person.html",
            person=person,
            names=server_names(servers),
            accounts=accounts,
            sees_accounts=accounts.error is None or accounts.error.status != _FORBIDDEN,
            plays=plays,
            stats=stats,
            merges=merges,
        )
