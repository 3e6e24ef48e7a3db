"""What came in by webhook, as it came: the envelope on the stream WEBHOOKS, subject `webhooks.<source>.<event>`.

A new field has a default, a new meaning has a new name; readers ignore fields that they do not know.
"""

import re
from datetime import datetime
from typing import Final, Literal

import msgspec

from shared.errors import InvalidError

Source = Literal["plex", "jellyfin", "emby", "seerr", "tautulli"]
SOURCES: Final[tuple[Source, ...]] = ("plex", "jellyfin", "emby", "seerr", "tautulli")

UNKNOWN_EVENT: Final = "unknown"
"""The event's name where the sender gave none."""

MAX_PAYLOAD: Final = 224 * 1024
"""Bytes of JSON that a sender may send: the envelope around it stays below the 256 KiB of a message."""


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery of one sender. `payload` is the sender's JSON, byte for byte; `event` is the sender's word."""

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


class _Named(msgspec.Struct, frozen=True):
    """Where the senders put their event's name."""

    event: str = ""
    emby_event: str = msgspec.field(default="", name="Event")
    jellyfin_event: str = msgspec.field(default="", name="NotificationType")
    seerr_event: str = msgspec.field(default="", name="notification_type")


_named: Final = msgspec.json.Decoder(_Named)


def event_name(source: Source, payload: bytes) -> str:
    """Return the sender's word for what happened; raises `InvalidError` for what is not a JSON object with a name."""
    try:
        named = _named.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise InvalidError(f"the payload is not a JSON object with an event's name: {exc}") from exc
    found = (named.seerr_event, named.jellyfin_event, named.emby_event, named.event)
    return next((name for name in (found if source == "seerr" else found[1:]) if name), UNKNOWN_EVENT)
