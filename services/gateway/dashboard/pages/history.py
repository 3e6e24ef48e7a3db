"""`/history`: what was watched, by whom, how often; the filters are in the address."""

import asyncio
from datetime import datetime, timedelta
from typing import Final

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from services.gateway.access.caller import Caller
from services.gateway.api.guards import needs
from services.gateway.dashboard.charts import bars_of
from services.gateway.dashboard.internal_api import InternalApi
from services.gateway.dashboard.listing import offset_of
from services.gateway.dashboard.play_filters import filters_of, span_of
from services.gateway.dashboard.view import View
from shared.schemas.history import PlayPage, PlayStats
from shared.schemas.people import Person, PersonPage

_MOST_TO_CHOOSE: Final = 200


class HistoryController(Controller):
    """Whoever may not read everything sees what is theirs, and no filter by person."""

    @get("/history", opt=needs("read", own=True))
    async def show(
        self,
        view: NamedDependency[View],
        api: NamedDependency[InternalApi],
        caller: NamedDependency[Caller],
        person: FromQuery[str] = "",
        type: FromQuery[str] = "",  # noqa: A002 (the address's name)
        since: FromQuery[str] = "",
        until: FromQuery[str] = "",
        search: FromQuery[str] = "",
        offset: FromQuery[str] = "",
    ) -> Response[str]:
        """List plays, newest first."""
        sees_all = caller.may("read")
        wanted = filters_of(person=person if sees_all else "", type_=type, since=since, until=until, search=search)
        query = wanted.query()
        plays, people = await asyncio.gather(
            api.look("/history", PlayPage, **query, offset=offset_of(offset)),
            _people(api, wanted.person) if sees_all else _nobody(),
        )
        return view.page(
            "history/index.html",
            wanted=wanted,
            sees_all=sees_all,
            plays=plays,
            people=people,
            name=dict(people).get(wanted.person, ""),
        )

    @get("/history/counts", opt=needs("read", own=True))
    async def show_counts(
        self,
        view: NamedDependency[View],
        api: NamedDependency[InternalApi],
        caller: NamedDependency[Caller],
        now: NamedDependency[datetime],
        person: FromQuery[str] = "",
        type: FromQuery[str] = "",  # noqa: A002 (the address's name)
        since: FromQuery[str] = "",
        until: FromQuery[str] = "",
        search: FromQuery[str] = "",
    ) -> Response[str]:
        """Count plays several ways: it reads all of them, so the list does not wait for it."""
        sees_all = caller.may("read")
        wanted = filters_of(person=person if sees_all else "", type_=type, since=since, until=until, search=search)
        stats = await api.get("/history/stats", PlayStats, **wanted.query())
        first, days = span_of(wanted, today=now.date())
        return view.page(
            "history/counts.html",
            wanted=wanted,
            sees_all=sees_all,
            stats=stats,
            first=first,
            last=first + timedelta(days=days - 1),
            bars=bars_of(stats.by_day, first=first, days=days),
        )


async def _people(api: InternalApi, chosen: str) -> list[tuple[str, str]]:
    """Return the people to choose from, by id, with the one of the address, whoever that is."""
    listed = await api.look("/people", PersonPage, limit=_MOST_TO_CHOOSE)
    people = [(person.id, person.name or person.id) for person in listed.value.items] if listed.value else []
    if not chosen or chosen in dict(people):
        return people
    found = None if "/" in chosen else (await api.look(f"/people/{chosen}", Person)).value
    return [(chosen, found.name if found and found.name else chosen), *people]


async def _nobody() -> list[tuple[str, str]]:
    return []
