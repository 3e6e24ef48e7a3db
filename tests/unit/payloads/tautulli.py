"""What each payload of Tautulli means; most are templates, which people do send unfilled."""

from typing import Final

from services.syncer.history.sources.outcome import Ignored
from shared.schemas.media import Account, Ids, Title
from tests.unit.payloads.row import Row, played

STARTED: Final = Ignored("a hint: playback started")
TEMPLATE: Final = Ignored("a template: Tautulli did not fill in its placeholders", known=False)

ROWS: Final = (
    Row(
        file="tautulli-TEMPLATE-episeerr-1",
        event="unknown",
        expected=Ignored("it names no event", known=False),
    ),
    Row(file="tautulli-TEMPLATE-episeerr-2", event="playback start", expected=STARTED),
    Row(file="tautulli-TEMPLATE-placeholdarr-1", event="playback.start", expected=STARTED),
    Row(file="tautulli-_action_-1", event="{action}", expected=TEMPLATE),
    Row(
        file="tautulli-admin.database.backup-1",
        event="admin.database.backup",
        expected=Ignored("a hint: the server backed up its database"),
    ),
    Row(file="tautulli-device.new-1", event="device.new", expected=Ignored("a hint: a device was added")),
    Row(file="tautulli-library.new-1", event="library.new", expected=Ignored("a hint: an item was added")),
    Row(file="tautulli-media._action_-1", event="media.{action}", expected=TEMPLATE),
    Row(file="tautulli-media.rate-1", event="media.rate", expected=Ignored("a hint: an item was rated")),
    Row(
        file="tautulli-media.scrobble-1",
        event="media.scrobble",
        expected=Ignored("it does not say what kind of item this is"),
    ),
    Row(
        file="tautulli-media.scrobble-2",
        event="media.scrobble",
        expected=played(
            Account("plex", "", "TestUser", "TestUser"),
            Title(
                type="episode",
                title="Episode 5",
                show="Attack on Titan",
                season=1,
                episode=5,
                show_ids=Ids(anidb=("12345",)),
            ),
        ),
    ),
)
