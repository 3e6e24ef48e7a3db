"""What each payload of Emby and Jellyfin means."""

from datetime import UTC, datetime
from typing import Final

from services.syncer.history.sources.outcome import Ignored, Unwatched
from shared.schemas.media import Account, Ids, Title
from tests.unit.payloads.row import Row, played

TEST: Final = Ignored("a test: it arrived")
ADDED: Final = Ignored("a hint: an item was added")
REMOVED: Final = Ignored("a hint: an item was removed")
STARTED: Final = Ignored("a hint: playback started")
PAUSED: Final = Ignored("a hint: playback paused")
GOES_ON: Final = Ignored("a hint: playback goes on")

TESTER: Final = Account("emby", "", "test_user", "test_user")

EMBY: Final = (
    Row(
        file="emby-item.markplayed-1",
        event="item.markplayed",
        expected=Ignored("no user: list everybody in 'Limit user events to' of Emby's webhook, or it sends none"),
    ),
    Row(
        file="emby-item.markplayed-2",
        event="item.markplayed",
        expected=played(
            TESTER,
            Title(type="episode", title="Episode 10", show="测试番剧", season=2, episode=10, year=2024),
        ),
    ),
    Row(
        file="emby-item.markplayed-4",
        event="item.markplayed",
        expected=played(TESTER, Title(type="movie", title="花开伊吕波剧场版：甜蜜的家", year=2013)),  # noqa: RUF001
    ),
    Row(file="emby-library.deleted-1", event="library.deleted", expected=REMOVED),
    Row(file="emby-library.new-1", event="library.new", expected=ADDED),
    Row(file="emby-library.new-2", event="library.new", expected=ADDED),
    Row(file="emby-playback.pause-1", event="playback.pause", expected=PAUSED),
    Row(file="emby-playback.pause-2", event="playback.pause", expected=PAUSED),
    Row(file="emby-playback.start-2", event="playback.start", expected=STARTED),
    Row(file="emby-system.notificationtest-1", event="system.notificationtest", expected=TEST),
    Row(file="emby-system.notificationtest-2", event="system.notificationtest", expected=TEST),
)

NO_USER: Final = Ignored("no user: the template sends neither UserId nor NotificationUsername")

JELLYFIN: Final = (
    Row(
        file="jellyfin-AuthenticationSuccess-1",
        event="AuthenticationSuccess",
        expected=Ignored("a hint: somebody signed in"),
    ),
    Row(file="jellyfin-GenericUpdateNotification-1", event="GenericUpdateNotification", expected=TEST),
    Row(file="jellyfin-ItemAdded-1", event="ItemAdded", expected=ADDED),
    Row(file="jellyfin-ItemAdded-2", event="ItemAdded", expected=ADDED),
    Row(file="jellyfin-PlaybackProgress-1", event="PlaybackProgress", expected=GOES_ON),
    Row(file="jellyfin-PlaybackProgress-2", event="PlaybackProgress", expected=GOES_ON),
    Row(file="jellyfin-PlaybackStart-3", event="PlaybackStart", expected=STARTED),
    Row(
        file="jellyfin-PlaybackStop-2",
        event="PlaybackStop",
        expected=Ignored("a hint: playback stopped before the end"),
    ),
    Row(
        file="jellyfin-PlaybackStop-3",
        event="PlaybackStop",
        expected=Ignored("a hint: playback stopped, and it does not say whether at the end (PlayedToCompletion)"),
    ),
    Row(file="jellyfin-SessionStart-1", event="SessionStart", expected=Ignored("a hint: a session started")),
    Row(
        file="jellyfin-TEMPLATE-bangumi-1",
        event="unknown",
        expected=Ignored("it names no event", known=False),
    ),
    Row(
        file="jellyfin-UserDataSaved-1",
        event="UserDataSaved",
        expected=Unwatched(
            account=Account("jellyfin", "16588a9f062a40c4966586b1d220bffc", "02700c8344d542619b39319296c0d4c7", "Rain"),
            title=Title(
                type="episode",
                title="Undertaker",
                show="86 Eighty-Six",
                season=1,
                episode=1,
                year=2021,
                ids=Ids(anidb=("238801",)),
                item="9250ab3d1101d01705c353b78cbb572e",
                duration_s=1421,
            ),
            at=datetime(2025, 8, 15, 21, 10, 8, 769803, tzinfo=UTC),
        ),
        received_at=datetime(2025, 8, 15, 21, 10, 9, tzinfo=UTC),
    ),
    Row(file="jellyfin-UserDataSaved-2", event="UserDataSaved", expected=NO_USER),
    Row(file="jellyfin-UserDataSaved-4", event="UserDataSaved", expected=NO_USER),
)

ROWS: Final = (*EMBY, *JELLYFIN)
