"""`/events/dead`: what services gave up; it is tried again, or dropped once somebody has read what that means."""

import re
from collections.abc import Awaitable, Callable, Iterable
from types import NoneType
from typing import Annotated, Any, Final, get_args
from urllib.parse import urlencode

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Redirect

from services.gateway.api.guards import needs
from services.gateway.dashboard.forms import Form
from services.gateway.dashboard.internal_api import InternalApi
from services.gateway.dashboard.listing import offset_of, search_of
from services.gateway.dashboard.payload_text import payload_text
from services.gateway.dashboard.view import View
from services.gateway.events.shapes import DeadLetterItem, DeadLetterPage, DeadLetterStatus, ReplayReceipt
from shared.errors import NotFoundError

STATUSES: Final = get_args(DeadLetterStatus)
SERVICES: Final = ("linker", "syncer", "requester", "gateway")
"""Those that a menu offers; the API takes any."""
_MOST: Final = 50
"""As many as a page of the list has."""
_ID: Final = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
Ids = Annotated[list[str] | None, QueryParameter(name="id")]


class DeadLettersController(Controller):
    """Dead letters."""

    path = "/events/dead"

    @get("/", opt=needs("read"))
    async def list_dead_letters(
        self,
        view: NamedDependency[View],
        api: NamedDependency[InternalApi],
        service: FromQuery[str] = "",
        status: FromQuery[str] = "",
        search: FromQuery[str] = "",
        offset: FromQuery[str] = "",
    ) -> Response[str]:
        """List them, newest first."""
        filters = {
            "service": search_of(service),
            "status": status if status in STATUSES else None,
            "search": search_of(search),
        }
        letters = await api.look("/deadletters", DeadLetterPage, offset=offset_of(offset), limit=_MOST, **filters)
        return view.page(
            "events/dead.html",
            letters=letters,
            filters=filters,
            statuses=STATUSES,
            services=_choices(filters["service"]),
        )

    @post("/chosen", opt=needs("write"))
    async def act(
        self, view: NamedDependency[View], api: NamedDependency[InternalApi], form: NamedDependency[Form]
    ) -> Redirect:
        """Replay those that are ticked, or ask whether to drop them."""
        ids = _ids_in(form.all("id"))
        if not ids:
            return view.go("/events/dead", view.say("dead.none_ticked"), **_filters_in(form))
        if form.text("do") == "drop":
            return view.go_to("/events/dead/drop", urlencode({"id": ids}, doseq=True), cookies=[])
        done, gone = await _each(ids, lambda letter: api.post(f"/deadletters/{letter}/replay", ReplayReceipt))
        return view.go("/events/dead", _said(view, "dead.replayed", done, gone), **_filters_in(form))

    @get("/drop", opt=needs("write"))
    async def confirm_drop(
        self, view: NamedDependency[View], api: NamedDependency[InternalApi], ids: Ids = None
    ) -> Response[Any]:
        """Say what dropping means, and for which."""
        found = [await api.look(f"/deadletters/{each}", DeadLetterItem) for each in _ids_in(ids or [])]
        for each in found:
            if each.error and not isinstance(each.error, NotFoundError):
                raise each.error
        letters = [each.value for each in found if each.value]
        if not letters:
            return view.go("/events/dead", view.say("dead.none_ticked" if not found else "dead.all_gone"))
        return view.page("events/drop.html", letters=letters)

    @post("/drop", opt=needs("write"))
    async def drop(
        self, view: NamedDependency[View], api: NamedDependency[InternalApi], form: NamedDependency[Form]
    ) -> Redirect:
        """Give them up for good."""
        done, gone = await _each(_ids_in(form.all("id")), lambda letter: api.delete(f"/deadletters/{letter}", NoneType))
        return view.go("/events/dead", _said(view, "dead.dropped", done, gone))

    @get("/{letter_id:str}", opt=needs("read"))
    async def show_dead_letter(
        self, view: NamedDependency[View], api: NamedDependency[InternalApi], letter_id: FromPath[str]
    ) -> Response[str]:
        """Show why a message was given up, and the message."""
        letter = await api.get(f"/deadletters/{letter_id}", DeadLetterItem, full="true")
        return view.page(
            "events/dead_letter.html",
            letter=letter,
            event_id=_event_in(letter),
            payload=payload_text(letter.payload),
        )

    @post("/{letter_id:str}/replay", opt=needs("write"))
    async def replay(
        self, view: NamedDependency[View], api: NamedDependency[InternalApi], letter_id: FromPath[str]
    ) -> Redirect:
        """Give a message back to the service that gave it up."""
        await api.post(f"/deadletters/{letter_id}/replay", ReplayReceipt)
        return view.go(f"/events/dead/{letter_id}", view.say("dead.replayed", count=1))


def _event_in(letter: DeadLetterItem) -> str:
    """Return the id of the event that a letter is about; empty where it is about something else."""
    if not letter.subject.startswith("webhooks.") or not isinstance(letter.payload, dict):
        return ""
    found = letter.payload.get("id")
    return found if isinstance(found, str) else ""


async def _each(ids: Iterable[str], act: Callable[[str], Awaitable[object]]) -> tuple[int, int]:
    """Do something with each, and return how many there were, and how many are gone already."""
    done = gone = 0
    for each in ids:
        try:
            await act(each)
        except NotFoundError:
            gone += 1
        else:
            done += 1
    return done, gone


def _said(view: View, key: str, done: int, gone: int) -> str:
    said = [view.say(key, count=done)] if done else []
    return " ".join([*said, view.say("dead.gone", count=gone)] if gone else said)


def _ids_in(given: Iterable[str]) -> list[str]:
    return [each for each in dict.fromkeys(given) if _ID.fullmatch(each)][:_MOST]


def _filters_in(form: Form) -> dict[str, Any]:
    return {name: form.optional(name) for name in ("service", "status", "search", "offset")}


def _choices(service: str | None) -> list[str]:
    return [*SERVICES, *([service] if service and service not in SERVICES else [])]
