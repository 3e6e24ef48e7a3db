"""`/api/history`: plays, which the syncer answers for."""

from datetime import UTC, datetime
from typing import Annotated, Final

from litestar import Controller, get
from litestar.di import NamedDependency, Provide
from litestar.params import QueryParameter

from services.gateway.access.caller import Caller
from services.gateway.api import describe
from services.gateway.api.guards import needs
from services.gateway.ask import Ask
from services.gateway.page import Limit, Offset, Search, Since, Until, Word, moment
from shared.schemas.history import (
    AccountRef,
    Count,
    CountPlays,
    ListPlays,
    PersonRef,
    Play,
    PlayIds,
    PlayPage,
    PlayStats,
)
from shared.schemas.media import MediaType

_AT: Final = datetime(2026, 1, 31, 18, 0, tzinfo=UTC)
_PLAY: Final = Play(
    id="5b0c0c1f1d6b4f0a9d3c6b1e8e2a7c55",
    person=PersonRef("8p1vqk2c", "Ada"),
    account=AccountRef("plex", "c6f5…", "1", "ada"),
    type="episode",
    title="Crossroads",
    show="Severance",
    season=1,
    episode=3,
    year=2022,
    ids=PlayIds(tvdb="8862937"),
    show_ids=PlayIds(imdb="tt11280740", tmdb="95396", tvdb="371980"),
    watched_at=_AT,
    source="plex",
    server="c6f5…",
)
_STATS: Final = PlayStats(
    total=1,
    movies=0,
    episodes=1,
    unclaimed=0,
    watched_s=2580,
    first_at=_AT,
    last_at=_AT,
    by_person=[Count("Ada", 1)],
    by_source=[Count("plex", 1)],
    by_day=[Count("2026-01-31", 1)],
    top_shows=[Count("Severance", 1)],
    top_movies=[],
)
Kind = Annotated[MediaType | None, QueryParameter(name="type", description="movie or episode")]


def wanted_plays(
    caller: NamedDependency[Caller],
    person: Word = None,
    kind: Kind = None,
    since: Since = None,
    until: Until = None,
    search: Search = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> ListPlays:
    """Return what a query asks for."""
    return ListPlays(
        person=caller.see_only(person),
        type=kind,
        since=moment(since, name="since"),
        until=moment(until, name="until"),
        search=search,
        limit=limit,
        offset=offset,
    )


def counted_plays(
    caller: NamedDependency[Caller],
    person: Word = None,
    kind: Kind = None,
    since: Since = None,
    until: Until = None,
    search: Search = None,
) -> CountPlays:
    """Return what a query asks for."""
    return CountPlays(
        person=caller.see_only(person),
        type=kind,
        since=moment(since, name="since"),
        until=moment(until, name="until"),
        search=search,
    )


class HistoryController(Controller):
    """Hands questions on."""

    path, tags = "/history", ("history",)

    @get(
        "/",
        summary="List plays",
        opt=needs("read", own=True),
        responses=describe.shows(PlayPage([_PLAY], 1, 50, 0)),
        dependencies={"wanted": Provide(wanted_plays, sync_to_thread=False)},
    )
    async def list_plays(self, ask: NamedDependency[Ask], wanted: NamedDependency[ListPlays]) -> PlayPage:
        """List plays, newest first. `search` looks in titles and shows.

        `person` is a person's id or name; the id of one who was merged finds the plays of who is left. With the scope
        `self` it is the caller's own.
        """
        return await ask(wanted)

    @get(
        "/stats",
        summary="Count plays",
        opt=needs("read", own=True),
        responses=describe.shows(_STATS),
        dependencies={"counted": Provide(counted_plays, sync_to_thread=False)},
    )
    async def count_plays(self, ask: NamedDependency[Ask], counted: NamedDependency[CountPlays]) -> PlayStats:
        """Count plays several ways."""
        return await ask(counted)
