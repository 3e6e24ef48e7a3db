"""Questions about what a Plex server has and shows, between gateway and syncer; the answers are the REST shapes.

Titles are what somebody typed or a scraper found: text to show, never to trust.
"""

from datetime import datetime, timedelta
from typing import ClassVar, Generic

import msgspec

from shared.schemas.question import A, Question


class Library(msgspec.Struct, frozen=True, kw_only=True):
    """A section of a server; `type` is what it holds: movie, show, artist or photo."""

    id: str
    title: str
    type: str
    agent: str | None


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A title; `show`, `season` and `episode` belong to episodes."""

    id: str
    type: str
    title: str
    show: str | None = None
    season: int | None = None
    episode: int | None = None
    year: int | None = None
    summary: str | None = None
    added_at: datetime | None = None
    duration_ms: int | None = None
    guid: str | None = None
    guids: tuple[str, ...] = ()


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody watches right now."""

    item: Item
    user_id: str | None
    username: str | None
    player: str | None
    state: str | None
    position_ms: int | None


class LibraryPage(msgspec.Struct, frozen=True):
    """A page of libraries, in the server's order."""

    items: list[Library]
    total: int
    limit: int
    offset: int


class ItemPage(msgspec.Struct, frozen=True):
    """A page of titles."""

    items: list[Item]
    total: int
    limit: int
    offset: int


class SessionPage(msgspec.Struct, frozen=True):
    """A page of what is watched now."""

    items: list[Session]
    total: int
    limit: int
    offset: int


class PlexQuestion(Question[A], Generic[A], service="syncer", frozen=True, kw_only=True):
    """What all ask: `server` is a configured server's name or a machine id; `person` reads with his own account."""

    answered_within: ClassVar[timedelta] = timedelta(seconds=15)
    """plex.tv and the server are asked in turn, and either may be slow."""

    server: str
    person: str | None = None
    limit: int = 50
    offset: int = 0


class ListLibraries(PlexQuestion[LibraryPage], tag="plex.libraries", frozen=True, kw_only=True):
    """Which libraries are there?"""


class ListSessions(PlexQuestion[SessionPage], tag="plex.sessions", frozen=True, kw_only=True):
    """What is watched now?"""


class ListRecentlyAdded(PlexQuestion[ItemPage], tag="plex.recently_added", frozen=True, kw_only=True):
    """What came last?"""


class SearchItems(PlexQuestion[ItemPage], tag="plex.search", frozen=True, kw_only=True):
    """What is called so?"""

    query: str


class ListItems(PlexQuestion[ItemPage], tag="plex.items", frozen=True, kw_only=True):
    """What is in a library? `kind` asks for the episodes of shows, and the like."""

    library_id: str
    kind: str | None = None
