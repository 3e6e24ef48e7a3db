"""Movies and episodes from loose fields: checked, cut to size, and identified or refused."""

import re
from typing import Final

import msgspec

from services.syncer.history.sources.outcome import Ignored
from shared.leniency import number, text
from shared.schemas.media import Ids, MediaType, Title

MAX_ID: Final = 100
"""Characters of a sender's own id."""

_FIRST_YEAR: Final = 1870
_LAST_YEAR: Final = 2200
_MOST_EPISODES: Final = 100_000
_MOST_IN_A_FILE: Final = 50
"""Episodes. Servers read a number in a file's name as the last episode, and a sender can claim any."""
_SEVERAL: Final = re.compile(r"\s*([0-9]{1,6})\s*-\s*([0-9]*)\s*")
"""What Tautulli and templates write for the episodes of one file."""
_LONGEST: Final = 2 * 24 * 3600

LIVE: Final = Ignored("live television is not tracked: it has no ids")

_TRACKED: Final[dict[str, MediaType]] = {"movie": "movie", "episode": "episode"}
_UNTRACKED: Final = {
    "music is not tracked": ("track", "album", "artist", "audio", "musicalbum", "musicartist", "musicvideo"),
    "photos are not tracked": ("photo", "photoalbum", "picture"),
    "trailers and extras are not tracked": ("clip", "trailer"),
    "a whole show or season is not a play: its episodes are": ("show", "series", "season"),
    "books are not tracked": ("book", "audiobook"),
    LIVE.reason: ("live", "program", "livetvprogram", "tvprogram", "tvchannel", "livetvchannel"),
}
_REASONS: Final = {kind: reason for reason, kinds in _UNTRACKED.items() for kind in kinds}


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """An item as a sender describes it: any JSON value in any field."""

    kind: object
    title: object = None
    show: object = None
    season: object = None
    episode: object = None
    episode_end: object = None
    year: object = None
    ids: Ids = Ids()
    show_ids: Ids = Ids()
    item: object = None
    duration_s: object = None


def identify(seen: Description, *, sender: str) -> Title | Ignored:
    """Return the movie or episode, or why it is neither or cannot be identified."""
    word = (text(seen.kind, limit=50) or "").lower()
    kind = _TRACKED.get(word)
    if kind is None:
        return _untracked(word)
    return _title(seen, kind) or Ignored(f"{sender} does not say which {kind} this is")


def _untracked(kind: str) -> Ignored:
    if not kind:
        return Ignored("it does not say what kind of item this is")
    return Ignored(_REASONS.get(kind, f"{kind!r} is not tracked"))


def _title(seen: Description, kind: MediaType) -> Title | None:
    of_show = kind == "episode"
    episode, last = _episodes(seen) if of_show else (None, None)
    show = text(seen.show) if of_show else None
    name = text(seen.title) or _substitute(seen, show, episode)
    if name is None:
        return None
    return Title(
        type=kind,
        title=name,
        show=show,
        season=number(seen.season, low=0, high=_MOST_EPISODES) if of_show else None,
        episode=episode,
        episode_end=last if show or seen.show_ids != Ids() else None,
        year=number(seen.year, low=_FIRST_YEAR, high=_LAST_YEAR),
        ids=seen.ids,
        show_ids=seen.show_ids if of_show else Ids(),
        item=text(seen.item, limit=MAX_ID),
        duration_s=number(seen.duration_s, low=1, high=_LONGEST),
    )


def _episodes(seen: Description) -> tuple[int | None, int | None]:
    """Return the episode, and the last one if its file has several, at most as many as a file can have."""
    several = _SEVERAL.fullmatch(text(seen.episode) or "")
    first, last = several.groups() if several else (seen.episode, seen.episode_end)
    episode = number(first, low=0, high=_MOST_EPISODES)
    if episode is None:
        return None, None
    return episode, number(last, low=episode + 1, high=episode + _MOST_IN_A_FILE - 1)


def _substitute(seen: Description, show: str | None, episode: int | None) -> str | None:
    """Return a name for an item without a title: its number within a known show, else its first id."""
    if episode is not None and (show or seen.show_ids != Ids() or seen.ids != Ids()):
        return f"Episode {episode}"
    named = ((kind, values) for kind, values in msgspec.structs.asdict(seen.ids).items() if values)
    return next((f"{kind} {values[0]}" for kind, values in named), None)
