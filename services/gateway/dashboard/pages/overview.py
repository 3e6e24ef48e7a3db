"""`/`: what needs somebody first, how everything is, and what happens."""

import asyncio
from datetime import datetime, timedelta
from typing import Any, Final

from litestar import Controller, Response, get
from litestar.di import NamedDependency

from services.gateway.access.caller import Caller
from services.gateway.api.guards import needs
from services.gateway.api.refused import RefusedPage
from services.gateway.dashboard.attention import is_complete, matters_of
from services.gateway.dashboard.charts import bars_of
from services.gateway.dashboard.internal_api import InternalApi
from services.gateway.dashboard.pages.setup import LEFT_COOKIE
from services.gateway.dashboard.view import View
from services.gateway.events.shapes import DeadLetterPage, EventPage
from services.gateway.health import Health
from shared.schemas.history import PlayPage, PlayStats
from shared.schemas.people import UnclaimedPage
from shared.schemas.plex import SessionPage
from shared.schemas.servers import ServerPage
from shared.schemas.signins import IntegrationPage

_DAYS: Final = 30
_FEW: Final = 8
_PATIENT: Final = timedelta(seconds=20)
"""Media servers may be slow; the rest of the page does not wait for them."""


class OverviewController(Controller):
    """Reads every part on its own: one that fails says so, and the others are shown."""

    @get("/", opt=needs("self"))
    async def show(
        self,
        view: NamedDependency[View],
        api: NamedDependency[InternalApi],
        caller: NamedDependency[Caller],
    ) -> Response[Any]:
        """Show the first page; before any server is connected, the guide, until it was left once.

        Who sees only their own goes on to their accounts.
        """
        if not caller.may("read"):
            return view.go("/integrations")
        (servers, letters, unclaimed, refused, accounts), (events, plays) = await asyncio.gather(
            asyncio.gather(
                api.look("/mediaservers", ServerPage, limit=200),
                api.look("/deadletters", DeadLetterPage, status="waiting", limit=1),
                api.look("/people/unclaimed", UnclaimedPage, limit=1),
                api.look("/webhooks/refused", RefusedPage, limit=1),
                api.look("/integrations", IntegrationPage, all="true", limit=200),
            ),
            asyncio.gather(
                api.look("/events", EventPage, limit=_FEW),
                api.look("/history", PlayPage, limit=_FEW),
            ),
        )
        is_new = servers.value is not None and servers.value.total == 0
        if is_new and caller.may("admin") and not view.has_cookie(LEFT_COOKIE):
            return view.go("/setup")
        return view.page(
            "overview/index.html",
            is_new=is_new,
            matters=matters_of(
                servers=servers, letters=letters, unclaimed=unclaimed, refused=refused, accounts=accounts
            ),
            is_complete=is_complete(servers, letters, unclaimed, refused, accounts),
            events=events,
            plays=plays,
        )

    @get("/overview/counts", opt=needs("read"))
    async def show_counts(
        self, view: NamedDependency[View], api: NamedDependency[InternalApi], now: NamedDependency[datetime]
    ) -> Response[str]:
        """Count the plays of the last days: it reads all of them, so the page does not wait for it."""
        since = (now - timedelta(days=_DAYS - 1)).date()
        stats = await api.get("/history/stats", PlayStats, since=since.isoformat())
        bars = bars_of(stats.by_day, first=since, days=_DAYS)
        return view.page("overview/counts.html", stats=stats, bars=bars)

    @get("/overview/health", opt=needs("read"))
    async def show_health(self, view: NamedDependency[View], api: NamedDependency[InternalApi]) -> Response[str]:
        """Show how each part is: asking all of them takes longer than the rest of the page."""
        return view.page("overview/health.html", health=await api.get("/health", Health))

    @get("/overview/watching", opt=needs("admin", within=_PATIENT))
    async def show_watching(self, view: NamedDependency[View], api: NamedDependency[InternalApi]) -> Response[str]:
        """Show what is watched just now. Plex servers are asked, each on its own; others tell nobody yet."""
        known = await api.look("/mediaservers", ServerPage, limit=200)
        servers = known.value.items if known.value else []
        asked = [server.name for server in servers if server.type == "plex" and server.enabled]
        sessions = await asyncio.gather(
            *(api.look(f"/plex/{name}/sessions", SessionPage, limit=_FEW) for name in asked)
        )
        return view.page("overview/watching.html", known=known, servers=list(zip(asked, sessions, strict=True)))
