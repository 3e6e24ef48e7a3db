"""Libraries, titles and sessions as a Plex server writes them, and as our types."""

from typing import Final

import msgspec

from shared.leniency import moment, number, text
from shared.schemas.plex import Item, Library, Session

TYPES: Final = {"movie": 1, "show": 2, "season": 3, "episode": 4, "artist": 8, "album": 9, "track": 10, "photo": 13}
"""What Plex numbers the kinds of titles as."""

_MOST_GUIDS: Final = 20


class Part(msgspec.Struct, frozen=True):
    """Some titles of a list, and how many there are in all."""

    items: list[Item]
    total: int


class WireLibrary(msgspec.Struct, frozen=True):
    """A `Directory` of `/library/sections/all`."""

    key: str
    title: str | None = None
    type: str | None = None
    agent: str | None = None

    def library(self) -> Library:
        """Return it as our type."""
        return Library(
            id=text(self.key) or "",
            title=text(self.title) or text(self.key) or "",
            type=text(self.type) or "unknown",
            agent=text(self.agent),
        )


class WireGuid(msgspec.Struct, frozen=True):
    """An id of a title in another database."""

    id: str | None = None


class WireNamed(msgspec.Struct, frozen=True):
    """A user or player of a session."""

    id: str | int | None = None
    title: str | None = None
    state: str | None = None


class WireItem(msgspec.Struct, frozen=True, rename="camel"):
    """A `Metadata`; search may also find a person or a tag, which have no `ratingKey`."""

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
            id=text(self.rating_key) or "",
            type=text(self.type) or "unknown",
            title=text(self.title) or "",
            show=text(self.parent_title if self.type == "season" else self.grandparent_title),
            season=_count(self.parent_index if is_episode else self.index if self.type == "season" else None),
            episode=_count(self.index if is_episode else None),
            year=number(self.year, low=1, high=9999),
            summary=text(self.summary, limit=5_000),
            added_at=moment(self.added_at),
            duration_ms=_count(self.duration),
            guid=text(self.guid),
            guids=tuple(name for guid in (self.guids or [])[:_MOST_GUIDS] if (name := text(guid.id, limit=200))),
        )

    def session(self) -> Session:
        """Return it as a session; the server leaves out people that it does not know."""
        user, player = self.user or WireNamed(), self.player or WireNamed()
        return Session(
            item=self.item(),
            user_id=text(user.id),
            username=text(user.title),
            player=text(player.title),
            state=text(player.state),
            position_ms=_count(self.view_offset),
        )


class WireHub(msgspec.Struct, frozen=True):
    """A group of search results."""

    metadata: list[WireItem] | None = msgspec.field(default=None, name="Metadata")


class WireContainer(msgspec.Struct, frozen=True, rename="camel"):
    """The wrapper of every answer; an empty one has no lists at all."""

    machine_identifier: str | None = None
    version: str | None = None
    claimed: bool | None = None
    size: int | None = None
    total_size: int | None = None
    directory: list[WireLibrary] | None = msgspec.field(default=None, name="Directory")
    metadata: list[WireItem] | None = msgspec.field(default=None, name="Metadata")
    hubs: list[WireHub] | None = msgspec.field(default=None, name="Hub")

    def titles(self) -> list[WireItem]:
        """Return the titles."""
        return [item for item in self.metadata or [] if item.rating_key]

    def part(self, *, start: int, size: int) -> Part:
        """Return the titles as the requested part; a server may send more than that."""
        items = [wire.item() for wire in self.titles()[:size]]
        total = self.total_size if self.total_size is not None else self.size
        return Part(items=items, total=max(start + len(items) if items else 0, total or 0))


class WireAnswer(msgspec.Struct, frozen=True):
    """An answer of a Plex server."""

    container: WireContainer = msgspec.field(name="MediaContainer")


def _count(value: int | None) -> int | None:
    return number(value, low=0, high=10**15)
