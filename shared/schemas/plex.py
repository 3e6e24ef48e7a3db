"""Questions about the contents of a Plex server, between gateway and syncer; the answers are the REST shapes.

Titles come from people and scrapers: text to show, never to trust.
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
    """What someone is watching right now."""

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
    """A page of what is being watched now."""

    items: list[Session]
    total: int
    limit: int
    offset: int


class PlexQuestion(Question[A], Generic[A], service="syncer", frozen=True, kw_only=True):
    """The fields of all of them: `server` is a name or a machine id; with `person`, that person's account is used."""

    answered_within: ClassVar[timedelta] = timedelta(seconds=15)
    """plex.tv and the server are called one after the other, and either may be slow."""

    server: str
    person: str | None = None
    limit: int = 50
    offset: int = 0


class ListLibraries(PlexQuestion[LibraryPage], tag="plex.libraries", frozen=True, kw_only=True):
    """List the libraries."""


class ListSessions(PlexQuestion[SessionPage], tag="plex.sessions", frozen=True, kw_only=True):
    """List what is being watched now."""


class ListRecentlyAdded(PlexQuestion[ItemPage], tag="plex.recently_added", frozen=True, kw_only=True):
    """List the newest titles."""


class SearchItems(PlexQuestion[ItemPage], tag="plex.search", frozen=True, kw_only=True):
    """Find titles by name."""

    query: str


class ListItems(PlexQuestion[ItemPage], tag="plex.items", frozen=True, kw_only=True):
    """List a library's titles; `kind` selects another type than the library's own, such as episodes."""

    library_id: str
    kind: str | None = None
