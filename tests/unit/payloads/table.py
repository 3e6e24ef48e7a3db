"""Every payload of real servers, with its event, class and play according to someone who read it."""

from typing import Final

from tests.unit.payloads import mediabrowser, plex, seerr, tautulli
from tests.unit.payloads.row import Class, Row

TABLE: Final[dict[str, Row]] = {
    row.file: row for rows in (mediabrowser.ROWS, plex.ROWS, seerr.ROWS, tautulli.ROWS) for row in rows
}

CLASSES: Final[dict[Class, frozenset[str]]] = {
    "play": frozenset(
        {
            "emby-item.markplayed-2",
            "emby-item.markplayed-4",
            "plex-media.scrobble-6",
            "plex-media.scrobble-8",
            "plex-media.scrobble-10",
            "plex-media.scrobble-11",
            "plex-media.scrobble-14",
            "tautulli-media.scrobble-2",
        }
    ),
    "unplay": frozenset({"jellyfin-UserDataSaved-1"}),
    "notice": frozenset(seerr.NOTICES),
    "test": frozenset(
        {
            "emby-system.notificationtest-1",
            "emby-system.notificationtest-2",
            "jellyfin-GenericUpdateNotification-1",
            "seerr-TEST_NOTIFICATION-1",
        }
    ),
    "unusable": frozenset(
        {
            "emby-item.markplayed-1",
            "jellyfin-UserDataSaved-2",
            "jellyfin-UserDataSaved-4",
            "plex-media.scrobble-13",
            "tautulli-media.scrobble-1",
        }
    ),
    "template": frozenset({"seerr-TEMPLATE-default-1", "tautulli-_action_-1", "tautulli-media._action_-1"}),
    "unknown": frozenset(
        {
            "jellyfin-TEMPLATE-bangumi-1",
            "seerr-ISSUE_REPORTED-1",
            "seerr-ISSUE_REPORTED-2",
            "tautulli-TEMPLATE-episeerr-1",
        }
    ),
}


def class_in_table(file: str) -> Class:
    """Return the class by name; payloads in no set are hints."""
    return next((kind for kind, files in CLASSES.items() if file in files), "hint")
