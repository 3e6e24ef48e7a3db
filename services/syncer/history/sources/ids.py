"""Ids of other databases, checked for their form."""

import re
from collections.abc import Iterable
from typing import Final

from shared.schemas.media import Ids

_NUMBER: Final = re.compile(r"0*([1-9][0-9]{0,11})")
_SHAPES: Final = {
    "imdb": re.compile(r"(tt[0-9]{1,12})"),
    "tmdb": _NUMBER,
    "tvdb": _NUMBER,
    "plex": re.compile(r"([0-9a-f]{16,40})"),
    "anidb": _NUMBER,
    "mal": _NUMBER,
}
_NAMES: Final = {"themoviedb": "tmdb", "thetvdb": "tvdb", "thetvdbdvdorder": "tvdb", "myanimelist": "mal"}
_MOST: Final = 20


def kind_of(name: str) -> str | None:
    """Return the field of `Ids` that a sender means by a name such as IMDB, Tmdb or themoviedb."""
    lowered = name.lower()
    kind = _NAMES.get(lowered, lowered)
    return kind if kind in _SHAPES else None


def clean_id(kind: str, value: str) -> str | None:
    """Return the id in one spelling, or None if it cannot be an id of this kind."""
    match = _SHAPES[kind].fullmatch(value.strip().lower())
    return match[1] if match else None


def valid_ids(found: Iterable[tuple[str, str]]) -> Ids:
    """Return the valid ids among (kind, id) pairs, in order, each once."""
    kinds: dict[str, dict[str, None]] = {kind: {} for kind in _SHAPES}
    for kind, value in found:
        known = clean_id(kind, value)
        if known and len(kinds[kind]) < _MOST:
            kinds[kind][known] = None
    return Ids(**{kind: tuple(values) for kind, values in kinds.items()})
