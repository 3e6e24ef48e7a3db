"""Libraries, titles and sessions as a Plex server writes them, and as our types."""

from datetime import datetime

import msgspec

from shared.leniency import moment, text

TYPES = {"movie": 1, "show": 2, "season": 3, "episode": 4, "artist": 8, "album": 9, "track": 10, "photo": 13}
"""What Plex numbers the kinds of titles as."""


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


class ItemPage(msgspec.Struct, frozen=True):
    """Some of the items of a library, and how many there are."""

    items: list[Item]
    total: int


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody watches right now."""

    item: Item
    user_id: str | None
    username: str | None
    player: str | None
    state: str | None
    position_ms: int | None


class WireLibrary(msgspec.Struct, frozen=True):
    """A `Directory` of `/library/sections/all`."""

    key: str
    title: str | None = None
    type: str | None = None
    agent: str | None = None

    def library(self) -> Library:
        """Return it as ours."""
        return Library(
            id=self.key, title=text(self.title) or self.key, type=text(self.type) or "unknown", agent=text(self.agent)
        )


class WireGuid(msgspec.Struct, frozen=True):
    """An id of a title elsewhere."""

    id: str | None = None


class WireNamed(msgspec.Struct, frozen=True):
    """A user or player of a session."""

    id: str | int | None = None
    title: str | None = None
    state: str | None = None


class WireItem(msgspec.Struct, frozen=True, rename="camel"):
    """A `Metadata`; what search finds may be a person or a tag, which have no `ratingKey`."""

    rating_key: str | None = None
    type: str | None = None
    title: str | None = None
    grandparent_title: str | None = None
    parent_title: str | None = None
    parent_index: int | None = None
    index: int | None = None
    year: int | None = None
    summary: str | None = None
    added_at: int | None = None
    duration: int | None = None
    view_offset: int | None = None
    guid: str | None = None
    guids: list[WireGuid] | None = msgspec.field(default=None, name="Guid")
    user: WireNamed | None = msgspec.field(default=None, name="User")
    player: WireNamed | None = msgspec.field(default=None, name="Player")

    def item(self) -> Item:
        """Return it as a title."""
        is_episode = self.type == "episode"
        return Item(
            id=self.rating_key or "",
            type=text(self.type) or "unknown",
            title=text(self.title) or "",
            show=text(self.parent_title if self.type == "season" else self.grandparent_title),
            season=self.parent_index if is_episode else self.index if self.type == "season" else None,
            episode=self.index if is_episode else None,
            year=self.year,
            summary=text(self.summary, limit=5_000),
            added_at=moment(self.added_at),
            duration_ms=self.duration,
            guid=text(self.guid),
            guids=tuple(guid.id for guid in self.guids or [] if guid.id),
        )

    def session(self) -> Session:
        """Return it as a session; the server leaves out whom it does not know."""
        user, player = self.user or WireNamed(), self.player or WireNamed()
        return Session(
            item=self.item(),
            user_id=text(user.id),
            username=text(user.title),
            player=text(player.title),
            state=text(player.state),
            position_ms=self.view_offset,
        )


class WireHub(msgspec.Struct, frozen=True):
    """A group of things found."""

    metadata: list[WireItem] | None = msgspec.field(default=None, name="Metadata")


class WireContainer(msgspec.Struct, frozen=True, rename="camel"):
    """What every answer is wrapped in; an empty one has no lists at all."""

    machine_identifier: str | None = None
    version: str | None = None
    claimed: bool | None = None
    size: int | None = None
    total_size: int | None = None
    directory: list[WireLibrary] | None = msgspec.field(default=None, name="Directory")
    metadata: list[WireItem] | None = msgspec.field(default=None, name="Metadata")
    hubs: list[WireHub] | None = msgspec.field(default=None, name="Hub")

    def titles(self) -> list[WireItem]:
        """Return what is a title."""
        return [item for item in self.metadata or [] if item.rating_key]


class WireAnswer(msgspec.Struct, frozen=True):
    """An answer of a Plex server."""

    container: WireContainer = msgspec.field(name="MediaContainer")
