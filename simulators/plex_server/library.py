"""The libraries of a Plex server, and who is watching what."""

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from simulators.determinism import Clock, Ids

TYPES: Final = {"movie": 1, "show": 2, "season": 3, "episode": 4}
_TOP: Final = {"movie": "movie", "show": "show"}


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A movie, show, season or episode."""

    rating_key: str
    section: str
    type: str
    title: str
    guid: str
    added_at: datetime
    year: int | None = None
    summary: str = ""
    duration: timedelta = timedelta(minutes=100)
    index: int | None = None
    parent: str | None = None
    """For an episode the rating key of its season, for a season that of its show."""
    ids: tuple[str, ...] = ()


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A library."""

    key: str
    type: str
    title: str
    uuid: str


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """Someone watching an item."""

    key: str
    item: str
    account_id: int
    account_name: str
    offset: timedelta = timedelta()
    state: str = "playing"


class Library:
    """The items by rating key, in the order in which they were added."""

    def __init__(self, clock: Clock, ids: Ids) -> None:
        self._clock = clock
        self._ids = ids
        self.sections: dict[str, Section] = {}
        self.items: dict[str, Item] = {}
        self.sessions: list[Session] = []

    def add_section(self, kind: str, title: str) -> Section:
        """Add a library of movies or shows."""
        number = str(self._ids.number("section"))
        section = Section(key=number, type=kind, title=title, uuid=self._ids.hexadecimal("section", 32))
        self.sections[number] = section
        return section

    def add_movie(self, section: Section, title: str, *, year: int | None = None, tmdb_id: int | None = None) -> Item:
        """Add a movie."""
        ids = () if tmdb_id is None else (f"tmdb://{tmdb_id}",)
        return self._add(section, "movie", title, year=year, ids=ids)

    def add_show(
        self, section: Section, title: str, *, year: int | None = None, episodes: tuple[int, ...] = (1,)
    ) -> Item:
        """Add a show, given the number of episodes in each season."""
        show = self._add(section, "show", title, year=year)
        for season, count in enumerate(episodes, start=1):
            holder = self._add(section, "season", f"Season {season}", index=season, parent=show.rating_key)
            for number in range(1, count + 1):
                self._add(section, "episode", f"Episode {number}", year=year, index=number, parent=holder.rating_key)
        return show

    def _add(self, section: Section, kind: str, title: str, **more: Any) -> Item:
        key = str(self._ids.number("item", first=1000))
        guid = f"plex://{kind}/{self._ids.hexadecimal('guid', 24)}"
        added_at = self._clock.now()
        item = Item(rating_key=key, section=section.key, type=kind, title=title, guid=guid, added_at=added_at, **more)
        self.items[key] = item
        return item

    def play(self, item: Item, *, account_id: int, name: str, offset: timedelta = timedelta()) -> Session:
        """Let someone watch an item."""
        key = str(self._ids.number("session"))
        session = Session(key=key, item=item.rating_key, account_id=account_id, account_name=name, offset=offset)
        self.sessions.append(session)
        return session

    def content(self, section: Section, kind: str | None) -> list[Item]:
        """Return a library's items of a type (Plex's number), or its movies or shows if none is given."""
        wanted = next((name for name, number in TYPES.items() if str(number) == kind), _TOP[section.type])
        found = [item for item in self.items.values() if item.section == section.key and item.type == wanted]
        return sorted(found, key=lambda item: item.title.lower())

    def recent(self) -> list[Item]:
        """Return movies and seasons as the server lists them, newest first."""
        found = [item for item in self.items.values() if item.type in {"movie", "season"}]
        return sorted(found, key=lambda item: (item.added_at, int(item.rating_key)), reverse=True)

    def search(self, text: str, kind: str, section: str | None) -> list[Item]:
        """Return the items with a word that begins with a text."""
        words = text.lower()
        return [
            item
            for item in self.items.values()
            if item.type == kind
            and section in {None, item.section}
            and (item.title.lower().startswith(words) or f" {words}" in item.title.lower())
        ]
