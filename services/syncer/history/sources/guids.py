"""Plex guids: how old and new agents identify an item, and whether they name the item or its show.

New agents: `plex://episode/<hex>` with `Guid: [{"id": "tvdb://5"}]`, all of the item itself. Old agents name the show,
season and number: `com.plexapp.agents.thetvdb://73871/2/15?lang=en`. HAMA adds the database, `hama://tvdb4-81797/1`,
the NFO agent its own words, `tv.plex.agents.nfo.series://show/tvdb_73871`. `local://`, `none://` and `iva://` name
nothing.
"""

import re
from typing import Final

import msgspec

from services.syncer.history.sources.ids import kind_of
from shared.leniency import number

_GUID: Final = re.compile(r"([a-z0-9.+-]{1,80})://([^?#\s]{1,200})(?:[?#].*)?", re.IGNORECASE | re.DOTALL)
_HAMA: Final = re.compile(r"([a-z]+)[2-9]?-([a-z0-9]+)", re.IGNORECASE)
_ITEMS: Final = frozenset({"movie", "episode", "video"})
_SHOWS: Final = frozenset({"show", "series"})
_MOST: Final = 100


class Guid(msgspec.Struct, frozen=True, kw_only=True):
    """One id. `of_show` if it is the id of an episode's show; then `season` and `episode` may be known too."""

    kind: str
    id: str
    of_show: bool = False
    season: int | None = None
    episode: int | None = None


def read(guid: str) -> Guid | None:
    """Return what a guid names, None if it has a meaning only on that server."""
    match = _GUID.fullmatch(guid.strip())
    if match is None:
        return None
    scheme, (first, *rest) = match[1].lower(), match[2].split("/")
    if scheme == "plex":
        return _guid_of_item(first, "plex", rest[0]) if rest else None
    if scheme.startswith("tv.plex.agents.nfo"):
        source, _, value = rest[0].partition("_") if rest else ("", "", "")
        return _guid_of_item(first, source, value)
    if "." not in scheme:
        kind = kind_of(scheme)
        return Guid(kind=kind, id=first) if kind else None
    return _guid_of_show(scheme.rsplit(".", 1)[1], first, rest)


def read_all(*values: object) -> list[Guid]:
    """Return every guid in texts, lists of texts, `{"id"}` and `{"Scheme", "Host"}` (as re-serialised by Go)."""
    listed = [entry for value in values for entry in (value[:_MOST] if isinstance(value, list) else [value])]
    texts = [_text_of(entry) for entry in listed]
    return [guid for guid in map(read, filter(None, texts)) if guid]


def _text_of(entry: object) -> str:
    match entry:
        case str(guid) | {"id": str(guid)}:
            return guid
        case {"Scheme": str(scheme), "Host": str(host)}:
            return f"{scheme}://{host}"
        case _:
            return ""


def _guid_of_item(level: str, source: str, value: str) -> Guid | None:
    kind = kind_of(source)
    if kind is None or level not in _ITEMS | _SHOWS:
        return None
    return Guid(kind=kind, id=value, of_show=level in _SHOWS)


def _guid_of_show(agent: str, first: str, rest: list[str]) -> Guid | None:
    kind, value = _kind_and_id(agent, first)
    if kind is None:
        return None
    season, episode = (number(part, low=0, high=100_000) for part in (*rest, "", "")[:2])
    return Guid(kind=kind, id=value, of_show=True, season=season, episode=episode)


def _kind_and_id(agent: str, first: str) -> tuple[str | None, str]:
    if agent == "hama":
        match = _HAMA.fullmatch(first)
        return (kind_of(match[1]), match[2]) if match else (None, "")
    if agent in {"xbmcnfo", "xbmcnfotv"}:
        numbers = "tmdb" if agent == "xbmcnfo" else "tvdb"
        return "imdb" if first.lower().startswith("tt") else numbers, first
    return kind_of(agent), first
