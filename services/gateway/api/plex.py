"""`/api/plex/{server}`: what a Plex server has and shows, which the linker reads."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal, TypeVar

from litestar import Router, get
from litestar.di import NamedDependency, Provide
from litestar.openapi.spec import Example
from litestar.params import PathParameter, QueryParameter

from services.gateway.api import describe
from services.gateway.api.acting import account_of
from services.gateway.api.guards import needs
from services.gateway.api.handlers import free
from services.gateway.page import Limit, Offset
from shared.bus.connection import Bus
from shared.bus.questions import ask
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
_SHOWN: Final = {
    "libraries": describe.shows(_LIBRARIES) | _UPSTREAM,
    "sessions": describe.shows(SessionPage([_SESSION], 1, 50, 0)) | _UPSTREAM,
    "items": describe.shows(ItemPage([_ITEM], 1, 50, 0)) | _UPSTREAM,
}

_WITHIN: Final = PlexQuestion.answered_within + timedelta(seconds=1)


T = TypeVar("T", LibraryPage, ItemPage, SessionPage)


class PlexRoutes:
    """Hands questions on; the token is the linker's affair."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def libraries(
        self, server: PlexServer, person: NamedDependency[str | None], limit: Limit = 50, offset: Offset = 0
    ) -> LibraryPage:
        """List the libraries that may be seen."""
        question = ListLibraries(server=server, person=person, limit=limit, offset=offset)
        return await ask(self._bus, question)

    async def items(
        self,
        server: PlexServer,
        library_id: LibraryId,
        person: NamedDependency[str | None],
        kind: Kind = None,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> ItemPage:
        """List what is in a library, by title."""
        question = ListItems(server=server, library_id=library_id, kind=kind, person=person, limit=limit, offset=offset)
        return await ask(self._bus, question)

    async def recently_added(
        self, server: PlexServer, person: NamedDependency[str | None], limit: Limit = 50, offset: Offset = 0
    ) -> ItemPage:
        """List what came last, of all libraries, the newest first."""
        question = ListRecentlyAdded(server=server, person=person, limit=limit, offset=offset)
        return await ask(self._bus, question)

    async def search(
        self,
        server: PlexServer,
        wanted: Wanted,
        person: NamedDependency[str | None],
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> ItemPage:
        """Find titles in all libraries."""
        question = SearchItems(server=server, query=wanted, person=person, limit=limit, offset=offset)
        return await ask(self._bus, question)

    async def sessions(
        self, server: PlexServer, person: NamedDependency[str | None], limit: Limit = 50, offset: Offset = 0
    ) -> SessionPage:
        """List what is watched just now, and by whom; Plex tells only the server's owner."""
        question = ListSessions(server=server, person=person, limit=limit, offset=offset)
        return await ask(self._bus, question)


def router(routes: PlexRoutes) -> Router:
    """Return the routes; who watches what just now is the owner's to know, so it needs `admin`."""
    libraries = get(
        "/libraries", summary="List libraries", opt=needs("read", within=_WITHIN), responses=_SHOWN["libraries"]
    )
    items = get(
        "/libraries/{library_id:str}/items",
        summary="List a library",
        opt=needs("read", within=_WITHIN),
        responses=_SHOWN["items"],
    )
    recent = get(
        "/recently-added", summary="List what is new", opt=needs("read", within=_WITHIN), responses=_SHOWN["items"]
    )
    search = get("/search", summary="Find titles", opt=needs("read", within=_WITHIN), responses=_SHOWN["items"])
    sessions = get(
        "/sessions", summary="List what is watched", opt=needs("admin", within=_WITHIN), responses=_SHOWN["sessions"]
    )
    handlers = [
        libraries(free(routes.libraries)),
        items(free(routes.items)),
        recent(free(routes.recently_added)),
        search(free(routes.search)),
        sessions(free(routes.sessions)),
    ]
    return Router(
        "/plex/{server:str}",
        route_handlers=handlers,
        dependencies={"person": Provide(account_of, sync_to_thread=False)},
        tags=["plex"],
    )
