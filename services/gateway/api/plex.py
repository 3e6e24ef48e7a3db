"""`/api/plex/{server}`: what a Plex server has and shows, which the syncer reads."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal

from litestar import Controller, get
from litestar.di import NamedDependency, Provide
from litestar.openapi.spec import Example
from litestar.params import PathParameter, QueryParameter

from services.gateway.api import describe
from services.gateway.api.acting import account_of
from services.gateway.api.guards import needs
from services.gateway.ask import Ask
from services.gateway.page import Limit, Offset
from shared.schemas.plex import (
    Item,
    ItemPage,
    Library,
    LibraryPage,
    ListItems,
    ListLibraries,
    ListRecentlyAdded,
    ListSessions,
    PlexQuestion,
    SearchItems,
    Session,
    SessionPage,
)

PlexServer = Annotated[
    str,
    PathParameter(
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00-\x1f\x7f]+$",
        description="a configured server's name or machine id, or the machine id of any that the person reaches",
    ),
]
LibraryId = Annotated[str, PathParameter(pattern=r"^[0-9]{1,18}$")]
Kind = Annotated[
    Literal["movie", "show", "season", "episode", "artist", "album", "track", "photo"] | None,
    QueryParameter(description="of a library of shows, its episodes or seasons; what it holds where nothing is said"),
]
Wanted = Annotated[
    str,
    QueryParameter(
        name="query",
        min_length=1,
        max_length=200,
        pattern=r"^(?=.*\S)[^\x00-\x1f\x7f]+$",
        description="the beginning of a word of a title",
        examples=[Example(value="matrix")],
    ),
]

_ITEM: Final = Item(
    id="1006",
    type="movie",
    title="The Matrix",
    year=1999,
    summary="",
    added_at=datetime(2026, 1, 31, 18, 0, tzinfo=UTC),
    duration_ms=8_160_000,
    guid="plex://movie/5d77…",
    guids=("tmdb://603",),
)
_SESSION: Final = Session(
    item=_ITEM, user_id="13692263", username="jonas", player="TV", state="playing", position_ms=60_000
)
_LIBRARIES: Final = LibraryPage([Library(id="1", title="Movies", type="movie", agent="tv.plex.agents.movie")], 1, 50, 0)
_UPSTREAM: Final = describe.WITH_ID | describe.CONFLICT | describe.UPSTREAM
_ITEMS: Final = describe.shows(ItemPage([_ITEM], 1, 50, 0)) | _UPSTREAM
_WITHIN: Final = PlexQuestion.answered_within + timedelta(seconds=1)
_READ: Final = needs("read", within=_WITHIN)


class PlexController(Controller):
    """Hands questions on; the syncer reads the servers."""

    path, tags = "/plex/{server:str}", ("plex",)
    dependencies = {  # noqa: RUF012 (Litestar's own attribute)
        "person": Provide(account_of, sync_to_thread=False)
    }

    @get("/libraries", summary="List libraries", opt=_READ, responses=describe.shows(_LIBRARIES) | _UPSTREAM)
    async def list_libraries(
        self,
        ask: NamedDependency[Ask],
        server: PlexServer,
        person: NamedDependency[str | None],
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> LibraryPage:
        """List the libraries that may be seen."""
        return await ask(ListLibraries(server=server, person=person, limit=limit, offset=offset))

    @get("/libraries/{library_id:str}/items", summary="List a library", opt=_READ, responses=_ITEMS)
    async def list_items(
        self,
        ask: NamedDependency[Ask],
        server: PlexServer,
        library_id: LibraryId,
        person: NamedDependency[str | None],
        kind: Kind = None,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> ItemPage:
        """List what is in a library, by title."""
        question = ListItems(server=server, library_id=library_id, kind=kind, person=person, limit=limit, offset=offset)
        return await ask(question)

    @get("/recently-added", summary="List what is new", opt=_READ, responses=_ITEMS)
    async def list_recently_added(
        self,
        ask: NamedDependency[Ask],
        server: PlexServer,
        person: NamedDependency[str | None],
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> ItemPage:
        """List what came last, of all libraries, the newest first."""
        return await ask(ListRecentlyAdded(server=server, person=person, limit=limit, offset=offset))

    @get("/search", summary="Find titles", opt=_READ, responses=_ITEMS)
    async def search(
        self,
        ask: NamedDependency[Ask],
        server: PlexServer,
        wanted: Wanted,
        person: NamedDependency[str | None],
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> ItemPage:
        """Find titles in all libraries."""
        return await ask(SearchItems(server=server, query=wanted, person=person, limit=limit, offset=offset))

    @get(
        "/sessions",
        summary="List what is watched",
        opt=needs("admin", within=_WITHIN),  # what others watch is for the owner to know
        responses=describe.shows(SessionPage([_SESSION], 1, 50, 0)) | _UPSTREAM,
    )
    async def list_sessions(
        self,
        ask: NamedDependency[Ask],
        server: PlexServer,
        person: NamedDependency[str | None],
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> SessionPage:
        """List what is watched just now, and by whom; Plex tells only the server's owner."""
        return await ask(ListSessions(server=server, person=person, limit=limit, offset=offset))
