"""Who sends webhooks, and where each sender says what happened.

A new sender begins here; "How to add a sender" in docs/development.md has the rest.
"""

from typing import Final, Literal

import msgspec

Source = Literal["plex", "jellyfin", "emby", "seerr", "tautulli"]
SOURCES: Final[tuple[Source, ...]] = ("plex", "jellyfin", "emby", "seerr", "tautulli")


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


EVENT_NAMES: Final[dict[Source, type[msgspec.Struct]]] = {
    "plex": _PlexNames,
    "jellyfin": _JellyfinNames,
    "emby": _EmbyNames,
    "seerr": _SeerrNames,
    "tautulli": _TautulliNames,
}
"""The keys of the event's name in a sender's JSON: the first that is there counts."""
