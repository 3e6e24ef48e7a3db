"""`/events`: what came in by webhook, what became of it, and who was refused."""

from typing import Final, get_args

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from services.gateway.api.guards import needs
from services.gateway.api.refused import RefusedPage
from services.gateway.dashboard.internal_api import InternalApi
from services.gateway.dashboard.listing import offset_of, search_of
from services.gateway.dashboard.payload_text import payload_text
from services.gateway.dashboard.view import View
from services.gateway.events.shapes import EventItem, EventPage, ReplayReceipt, Status
from services.gateway.page import moment
from shared.errors import InvalidError
from shared.schemas.webhook_senders import SOURCES

STATUSES: Final = get_args(Status)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The filters as they were given, and what is wrong with them."""

    source: str | None
    event: str | None
    status: str | None
    server: str | None
    since: str | None
    until: str | None
    search: str | None
    faults: dict[str, str]

    @property
    def filters(self) -> dict[str, str | None]:
        """What stays from page to page."""
        return {name: value for name, value in msgspec.structs.asdict(self).items() if name != "faults"}

    @property
    def asked(self) -> dict[str, str | None]:
        """What the API is asked for: all but what is wrong."""
        return {name: value for name, value in self.filters.items() if name not in self.faults}


def wanted_events(
    source: FromQuery[str] = "",
    event: FromQuery[str] = "",
    status: FromQuery[str] = "",
    server: FromQuery[str] = "",
    since: FromQuery[str] = "",
    until: FromQuery[str] = "",
    search: FromQuery[str] = "",
) -> Wanted:
    """Return what an address asks for."""
    days = {"since": search_of(since), "until": search_of(until)}
    return Wanted(
        source=source if source in SOURCES else None,
        event=search_of(event),
        status=status if status in STATUSES else None,
        server=search_of(server),
        since=days["since"],
        until=days["until"],
        search=search_of(search),
        faults={name: fault for name, day in days.items() if (fault := _fault_of(day, name))},
    )


class EventsController(Controller):
    """The event log. Dead letters, which are below the same address, have a controller of their own."""

    path = "/events"

    @get("/", opt=needs("read"), dependencies={"wanted": Provide(wanted_events, sync_to_thread=False)})
    async def list_events(
        self,
        view: NamedDependency[View],
        api: NamedDependency[InternalApi],
        wanted: NamedDependency[Wanted],
        offset: FromQuery[str] = "",
    ) -> Response[str]:
        """List events, newest first."""
        events = await api.look("/events", EventPage, offset=offset_of(offset), **wanted.asked)
        return view.page("events/index.html", events=events, wanted=wanted, sources=SOURCES, statuses=STATUSES)

    @get("/refused", opt=needs("read"))
    async def list_refused(
        self, view: NamedDependency[View], api: NamedDependency[InternalApi], offset: FromQuery[str] = ""
    ) -> Response[str]:
        """List who was refused on the last day, what is wrong, and how to mend it."""
        refused = await api.look("/webhooks/refused", RefusedPage, offset=offset_of(offset))
        return view.page("events/refused.html", refused=refused)

    @get("/{event_id:str}", opt=needs("read"))
    async def show_event(
        self, view: NamedDependency[View], api: NamedDependency[InternalApi], event_id: FromPath[str]
    ) -> Response[str]:
        """Show an event, as it was sent."""
        event = await api.get(f"/events/{event_id}", EventItem, full="true")
        return view.page("events/event.html", event=event, payload=payload_text(event.payload))

    @post("/{event_id:str}/replay", opt=needs("write"))
    async def replay(
        self, view: NamedDependency[View], api: NamedDependency[InternalApi], event_id: FromPath[str]
    ) -> Redirect:
        """Send an event to its service once more."""
        await api.post(f"/events/{event_id}/replay", ReplayReceipt)
        return view.go(f"/events/{event_id}", view.say("events.replayed"))


def _fault_of(day: str | None, name: str) -> str | None:
    try:
        moment(day, name=name)
    except InvalidError as exc:
        return exc.faults[0].message
    return None
