"""`/api/events`: what came in by webhook, what became of it, and doing it again."""

from datetime import UTC, datetime
from typing import Annotated, Final, get_args

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency, Provide
from litestar.openapi.spec import Example
from litestar.params import QueryParameter

from services.gateway.access.audit import Audit
from services.gateway.api import describe
from services.gateway.api.guards import needs
from services.gateway.events import payload
from services.gateway.events.shapes import EventFilter, EventItem, EventPage, ReplayReceipt, Status
from services.gateway.page import MAX_SEARCH, NO_CONTROLS, Full, Id, Limit, Offset, Search, Since, Until, Word, moment
from services.gateway.store import events
from services.gateway.store.database import Database
from shared.errors import NotFoundError
from shared.schemas.webhook_senders import Source
from shared.schemas.webhooks import subject

_ITEM: Final = EventItem(
    id="3f6c0c1f1d6b4f0a9d3c6b1e8e2a7c55",
    source="plex",
    event="media.scrobble",
    server="living room",
    received_at=datetime(2026, 1, 31, 18, 0, tzinfo=UTC),
    status="handled",
    reason="play recorded",
)
_PAGE: Final = describe.shows(EventPage([_ITEM], 1, 50, 0))
_FULL: Final = describe.shows(msgspec.structs.replace(_ITEM, payload={"event": "media.scrobble"})) | describe.WITH_ID
_REPLAY: Final = describe.shows(ReplayReceipt(_ITEM.id, 1), status=202) | describe.WITH_ID
SourceFilter = Annotated[Source | None, QueryParameter(description="only from this source")]
ServerFilter = Annotated[
    str | None,
    QueryParameter(
        max_length=MAX_SEARCH,
        pattern=NO_CONTROLS,
        description="only by webhook secrets of this server: the `server` that the secret was made for",
        examples=[Example(value="living room")],
    ),
]
StatusFilter = Annotated[Status | None, QueryParameter(description=f"only these: {', '.join(get_args(Status))}")]


def wanted_events(
    source: SourceFilter = None,
    event: Word = None,
    status: StatusFilter = None,
    server: ServerFilter = None,
    since: Since = None,
    until: Until = None,
    search: Search = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> EventFilter:
    """Return what a query asks for."""
    return EventFilter(
        source=source,
        event=event,
        status=status,
        server=server,
        since=moment(since, name="since"),
        until=moment(until, name="until"),
        search=search,
        limit=limit,
        offset=offset,
    )


class EventController(Controller):
    """The event log."""

    path, tags = "/events", ("events",)

    @get(
        "/",
        summary="List events",
        opt=needs("read"),
        responses=_PAGE,
        dependencies={"wanted": Provide(wanted_events, sync_to_thread=False)},
    )
    async def list_events(self, database: NamedDependency[Database], wanted: NamedDependency[EventFilter]) -> EventPage:
        """List events, newest first. `search` looks in id, source, event, server and reason.

        An event's `server` is that of its webhook secret; what the sender calls itself is in the payload.
        """
        return await events.page_of_events(database.pool, wanted)

    @get("/{event_id:str}", summary="Show an event", opt=needs("read"), responses=_FULL)
    async def show_event(self, database: NamedDependency[Database], event_id: Id, full: Full = "false") -> EventItem:
        """Show one event, with `full=true` as it was sent."""
        found = await events.find_event(database.pool, event_id)
        if found is None:
            raise _not_found(event_id)
        item, sent = found
        return msgspec.structs.replace(item, payload=payload.redact(sent)) if full == "true" else item

    @post(
        "/{event_id:str}/replay",
        status_code=202,
        summary="Replay an event",
        opt=needs("write", audits="event.replayed"),
        responses=_REPLAY,
    )
    async def replay(
        self, database: NamedDependency[Database], audit: NamedDependency[Audit], event_id: Id
    ) -> ReplayReceipt:
        """Send an event to its service once more, as if it came in now. What it did before is not done twice."""
        async with database.change() as work:
            webhook = await events.next_attempt(work.connection, event_id)
            if webhook is None:
                raise _not_found(event_id)
            work.send(
                subject(webhook.source, webhook.event),
                msgspec.json.encode(webhook),
                message_id=f"{webhook.id}:{webhook.attempt}",
            )
            await audit(f"event {event_id}", on=work)
        return ReplayReceipt(webhook.id, webhook.attempt)


def _not_found(event_id: str) -> NotFoundError:
    return NotFoundError(f"there is no event {event_id!r}: they are kept for 30 days")
