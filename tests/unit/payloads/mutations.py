"""Recorded payloads, damaged: the ways in which a sender, a template or an attacker gets JSON wrong."""

import copy
from typing import Any, Final

import msgspec
from hypothesis import strategies as st

from shared.schemas.webhook_senders import Source
from tests.documents import PAYLOADS
from tests.unit.payloads.table import TABLE

Node = tuple[Any, Any]


def nested(depth: int) -> Any:
    value: Any = "x"
    for level in range(depth):
        value = [value] if level % 2 else {"id": value}
    return value


HOSTILE: Final[list[Any]] = [
    *(None, True, False, 0, 1, -1, 2**63, 2**70, -(2**64), 10**400, 1e308, -0.5, 1.0),
    *("", " ", "\x00", "a\x00b", "\x1b[2J", "\u202e\u2028", "\U0010ffff", "x" * 50_000, "1", "true", "undefined"),
    *("{title}", "9999-12-31T23:59:59.9999999Z", "0001-01-01T00:00:00Z", "-2026-01-01T00:00:00Z", "١"),  # noqa: RUF001
    *("<script>", "'; drop table plays;--", "plex://movie/../x", "com.plexapp.agents.hama://tvdb-/x/y", "imdb://"),
    *([], {}, [[]], [{}], [{"id": None}], ["tmdb://1"], {"id": "tmdb://1"}, {"Imdb": ["x"]}, nested(20), nested(90)),
]

STATE_CHANGING: Final[dict[Source, dict[str, object]]] = {
    "plex": {"event": "media.scrobble"},
    "jellyfin": {"NotificationType": "PlaybackStop", "PlayedToCompletion": True},
    "emby": {"Event": "item.markplayed", "User": {"Id": "5", "Name": "x"}},
    "tautulli": {"event": "watched", "user": "x", "media_type": "movie", "title": "Heat"},
    "seerr": {"notification_type": "MEDIA_AVAILABLE"},
}

DAMAGE: Final[list[tuple[bytes, bytes]]] = [
    (b"{", b'{"event":5,"Event":[],"NotificationType":null,'),
    (b"{", b'{"event":"media.scrobble","Metadata":{},"Metadata":[],'),
    (b"{", b'{"x":' + b"[" * 10_000 + b"]" * 10_000 + b","),
    (b"{", b'{"Metadata":' + b'{"a":' * 600 + b"1" + b"}" * 600 + b","),
    (b"{", b'{"x":' + b"9" * 50_000 + b","),
    (b"{", b'{"x":1e999,"year":1e999,'),
    (b"{", b'{"x":NaN,'),
    (b'"', b'"\\u0000'),
    (b'"', b'"\\ud800'),
    (b'"', b'"\\udc00\\ud800'),
    (b'"', b'"\x00'),
    (b'"', b'"\xff\xfe'),
    (b'"', b'"\xed\xa0\x80'),
    (b":", b"::"),
    (b",", b""),
    (b"}", b""),
    (b"{", b"["),
]


def bytes_of(file: str) -> bytes:
    return (PAYLOADS / f"{file}.json").read_bytes()


def nodes(tree: Any) -> list[Node]:
    """Return every place in a tree as (container, key)."""
    found: list[Node] = []
    waiting = [tree]
    while waiting:
        container = waiting.pop()
        keys = list(container) if isinstance(container, dict) else range(len(container))
        found.extend((container, key) for key in keys)
        waiting.extend(container[key] for key in keys if isinstance(container[key], dict | list))
    return found


@st.composite
def mutated(draw: st.DrawFn) -> tuple[Source, bytes]:
    """Return a payload with keys removed, renamed or changed; half of them could be plays."""
    file = draw(st.sampled_from(sorted(TABLE)))
    source = source_of(file)
    tree = msgspec.json.decode(bytes_of(file))
    if draw(st.booleans()):
        tree |= copy.deepcopy(STATE_CHANGING[source])
    for _ in range(draw(st.integers(1, 4))):
        places = nodes(tree)
        if not places:
            break
        container, key = places[draw(st.integers(0, len(places) - 1))]
        change(draw, container, key)
    return source, msgspec.json.encode(tree)


def change(draw: st.DrawFn, container: Any, key: Any) -> None:
    match draw(st.sampled_from(["value", "value", "value", "delete", "wrap", "case"])):
        case "delete":
            del container[key]
        case "wrap":
            container[key] = [container[key]]
        case "case" if isinstance(key, str):
            container[key.swapcase()] = container.pop(key)
        case _:
            container[key] = copy.deepcopy(draw(st.sampled_from(HOSTILE)))


@st.composite
def broken(draw: st.DrawFn) -> tuple[Source, bytes]:
    """Return a payload whose bytes were damaged, cut off or repeated."""
    file = draw(st.sampled_from(sorted(TABLE)))
    payload = bytes_of(file)
    old, new = draw(st.sampled_from(DAMAGE))
    count = payload.count(old)
    at = draw(st.integers(0, max(count - 1, 0)))
    parts = payload.split(old)
    payload = old.join(parts[: at + 1]) + new + old.join(parts[at + 1 :]) if count else payload + new
    if draw(st.integers(0, 4)) == 0:
        payload = payload[: draw(st.integers(0, len(payload)))]
    return source_of(file), payload


def source_of(file: str) -> Source:
    return next(source for source in STATE_CHANGING if file.startswith(f"{source}-"))
