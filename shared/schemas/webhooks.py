"""What came in by webhook, as it came: the envelope on the stream WEBHOOKS, subject `webhooks.<source>.<event>`.

A new field has a default, a new meaning has a new name; readers ignore fields that they do not know.
"""

import re
from datetime import datetime
from typing import Final, Literal

import msgspec

from shared.errors import Fault, InvalidError
from shared.leniency import text

Source = Literal["plex", "jellyfin", "emby", "seerr", "tautulli"]
SOURCES: Final[tuple[Source, ...]] = ("plex", "jellyfin", "emby", "seerr", "tautulli")

UNKNOWN_EVENT: Final = "unknown"
"""The event's name where the sender gave none."""

MAX_PAYLOAD: Final = 224 * 1024
"""Bytes of JSON that a sender may send: the envelope around it stays below the 256 KiB of a message."""


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery of one sender. `payload` is the sender's JSON, byte for byte; `event` is the sender's word.

    Only what was no JSON, but is some without the control characters in its strings, is stored with these escaped.
    """

    id: str
    source: Source
    event: str
    received_at: datetime
    payload: msgspec.Raw
    server: str | None = None
    """Name of the configured server that the secret belongs to; None for a secret good for all."""
    attempt: int = 0
    """0 as it came; n for the n-th replay by hand."""


_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_.-]+")
_DOTS: Final = re.compile(r"\.{2,}")


def subject(source: Source, event: str) -> str:
    """Return the subject for an event's name, which is hostile input: no wildcards, spaces or empty tokens come out."""
    name = _DOTS.sub(".", _UNSAFE.sub("_", event[:64])).strip(".")
    return f"webhooks.{source}.{name or UNKNOWN_EVENT}"


MAX_DEPTH: Final = 100
"""Objects and lists within each other that a payload may have; senders need ten."""

MAX_EVENT: Final = 100
"""Characters of an event's name; more is cut off."""


class _PlexNames(msgspec.Struct, frozen=True):
    event: str | None = None


class _JellyfinNames(msgspec.Struct, frozen=True):
    """The official plug-in's key, the shemanaev plug-in's, and Plex's, which the latter can imitate."""

    official: str | None = msgspec.field(name="NotificationType", default=None)
    shemanaev: str | None = msgspec.field(name="Event", default=None)
    plex: str | None = msgspec.field(name="event", default=None)


class _EmbyNames(msgspec.Struct, frozen=True):
    event: str | None = msgspec.field(name="Event", default=None)


class _SeerrNames(msgspec.Struct, frozen=True):
    notification_type: str | None = None


class _TautulliNames(msgspec.Struct, frozen=True):
    event: str | None = None
    action: str | None = None
    notification_type: str | None = None


_decoders: Final[dict[Source, msgspec.json.Decoder[msgspec.Struct]]] = {
    "plex": msgspec.json.Decoder(_PlexNames),
    "jellyfin": msgspec.json.Decoder(_JellyfinNames),
    "emby": msgspec.json.Decoder(_EmbyNames),
    "seerr": msgspec.json.Decoder(_SeerrNames),
    "tautulli": msgspec.json.Decoder(_TautulliNames),
}

_BRACKETS: Final = bytes.maketrans(b"{}", b"[]")
_OTHERS: Final = bytes(set(range(256)) - set(b"{}[]"))
_WHERE: Final = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")


def event_name(source: Source, payload: bytes) -> str:
    """Return the sender's word for what happened, `UNKNOWN_EVENT` where it has none.

    Raises `InvalidError` for what is not a JSON object in UTF-8, for an event that is not a text, and for more nesting
    than `MAX_DEPTH`: what passes here can be decoded, wrapped and stored by everybody behind.
    """
    names = _names(source, payload)
    if _is_too_deep(payload):
        raise _invalid(f"nested more than {MAX_DEPTH} deep")
    return next(filter(None, (text(name, limit=MAX_EVENT) for name in msgspec.structs.astuple(names))), UNKNOWN_EVENT)


def _names(source: Source, payload: bytes) -> msgspec.Struct:
    try:
        payload.decode()  # msgspec skips the texts that it does not read without looking at their bytes
        return _decoders[source].decode(payload)
    except UnicodeDecodeError as exc:
        raise _invalid(f"not UTF-8 at byte {exc.start}") from exc
    except RecursionError as exc:
        raise _invalid(f"nested more than {MAX_DEPTH} deep") from exc
    except msgspec.ValidationError as exc:
        where = _WHERE.search(str(exc))
        raise _invalid(_WHERE.sub("", str(exc)), at=where["path"] if where else "") from exc
    except msgspec.DecodeError as exc:
        raise _invalid(f"not JSON: {exc}") from exc


def _invalid(message: str, *, at: str = "") -> InvalidError:
    path = f"payload.{at}" if at else "payload"
    return InvalidError(f"{path}: {message}", faults=(Fault(path=path, message=message),))


def _is_too_deep(payload: bytes) -> bool:
    """Tell whether valid JSON is nested more than `MAX_DEPTH`, whatever the interpreter's own limit here is."""
    if payload.count(b"{") + payload.count(b"[") <= MAX_DEPTH:
        return False
    outside_of_strings = payload.replace(rb"\\", b"").replace(rb"\"", b"").split(b'"')[::2]
    brackets = b"".join(outside_of_strings).translate(_BRACKETS, _OTHERS)
    for _ in range(MAX_DEPTH):
        brackets = brackets.replace(b"[]", b"")
        if not brackets:
            return False
    return True
