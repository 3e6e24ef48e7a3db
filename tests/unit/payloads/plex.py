"""What each payload of Plex means, and what it would mean with the event `media.scrobble`."""

from typing import Final

from services.syncer.history.sources.outcome import Ignored
from shared.schemas.media import Account, Ids, Title
from tests.unit.payloads.row import Expected, Row, played

STARTED: Final = Ignored("a hint: playback started")
PAUSED: Final = Ignored("a hint: playback paused")
RESUMED: Final = Ignored("a hint: playback resumed")
STOPPED: Final = Ignored("a hint: playback stopped")
RATED: Final = Ignored("a hint: an item was rated")
ADDED: Final = Ignored("a hint: an item was added")
MUSIC: Final = Ignored("music is not tracked")

TESTER: Final = Account("plex", "test-server-uuid", "1", "TestUser", is_owner=True)
ICCO: Final = Account("plex", "544b62f0b4f85d5d8f2c91696763d13578f5264a", "1", "icco", is_owner=True)
REDACTED: Final = Account("plex", "x" * 40, "1", "username", is_owner=True)

ATTACK_ON_TITAN: Final = played(
    TESTER,
    Title(
        type="episode",
        title="Episode 5",
        show="Attack on Titan",
        season=1,
        episode=5,
        show_ids=Ids(anidb=("12345",)),
    ),
)
CODE_GEASS: Final = played(
    TESTER,
    Title(type="episode", title="Episode 10", show="Code Geass", season=1, episode=10, show_ids=Ids(mal=("1575",))),
)
UNTITLED: Final = played(
    Account("plex", "", "1", "TestUser", is_owner=True),
    Title(type="episode", title="Episode 1", show="Test", season=1, episode=1, show_ids=Ids(tvdb=("12345",))),
)
DR_GLOBULE: Final = played(
    Account("plex", "214b579771792f56ebd4af54b9c3eb4d8000b68e", "2765005", "Sovian", is_owner=True),
    Title(
        type="episode",
        title="Ronchons et dragons",
        show="Dr. Globule",
        season=1,
        episode=23,
        year=1994,
        ids=Ids(tvdb=("5228295",)),
        item="65562",
    ),
)
SHARED_FRIEND: Final = played(
    Account("plex", "d7b5c5528d3172c2dde373e4936f0b7fa8598720", "26608833", "4craigmc", is_owner=False),
    Title(
        type="episode",
        title="Ghost From the Past",
        ids=Ids(plex=("60143277b60726002cf46cf0",)),
        show_ids=Ids(plex=("5d9c08c07b5c2e001e660bdd",)),
        item="791388",
    ),
)
NO_METADATA: Final = Ignored("Plex does not say what was played: there is no Metadata")

ROWS: Final = (
    Row(file="plex-library.new-1", event="library.new", expected=ADDED),
    Row(file="plex-library.new-2", event="library.new", expected=ADDED),
    Row(file="plex-library.new-4", event="library.new", expected=ADDED),
    Row(file="plex-media.pause-1", event="media.pause", expected=PAUSED),
    Row(file="plex-media.pause-2", event="media.pause", expected=PAUSED),
    Row(file="plex-media.pause-4", event="media.pause", expected=PAUSED),
    Row(file="plex-media.play-1", event="media.play", expected=STARTED),
    Row(file="plex-media.play-2", event="media.play", expected=STARTED),
    Row(file="plex-media.play-3", event="media.play", expected=STARTED),
    Row(file="plex-media.play-5", event="media.play", expected=STARTED),
    Row(file="plex-media.play-6", event="media.play", expected=STARTED),
    Row(file="plex-media.play-10", event="media.play", expected=STARTED),
    Row(file="plex-media.rate-2", event="media.rate", expected=RATED),
    Row(file="plex-media.rate-3", event="media.rate", expected=RATED),
    Row(file="plex-media.rate-5", event="media.rate", expected=RATED),
    Row(file="plex-media.resume-1", event="media.resume", expected=RESUMED),
    Row(file="plex-media.resume-2", event="media.resume", expected=RESUMED),
    Row(file="plex-media.scrobble-6", event="media.scrobble", expected=DR_GLOBULE),
    Row(file="plex-media.scrobble-8", event="media.scrobble", expected=SHARED_FRIEND),
    Row(file="plex-media.scrobble-10", event="media.scrobble", expected=ATTACK_ON_TITAN),
    Row(file="plex-media.scrobble-11", event="media.scrobble", expected=CODE_GEASS),
    Row(file="plex-media.scrobble-13", event="media.scrobble", expected=NO_METADATA),
    Row(file="plex-media.scrobble-14", event="media.scrobble", expected=UNTITLED),
    Row(file="plex-media.stop-1", event="media.stop", expected=STOPPED),
    Row(file="plex-media.stop-2", event="media.stop", expected=STOPPED),
)

AS_SCROBBLES: Final[dict[str, Expected]] = {
    "plex-library.new-1": Ignored("a whole show or season is not a play: its episodes are"),
    "plex-library.new-2": MUSIC,
    "plex-library.new-4": Ignored("no user: Plex does not say whose play this is (Account)"),
    "plex-media.pause-1": played(
        Account("plex", "obfuscated", "1", "testyboi", is_owner=True),
        Title(
            type="episode",
            title="A Clone of My Own",
            show="Futurama",
            season=2,
            episode=15,
            year=2000,
            show_ids=Ids(tvdb=("73871",)),
            item="59852",
        ),
    ),
    "plex-media.pause-2": played(
        Account("plex", "544b62f0b4f85d5d8f2c91696763d13578f5264a", "19267583", "melissar26", is_owner=False),
        Title(
            type="episode",
            title="The Fresh Princ-ipal",
            show="Bob's Burgers",
            season=9,
            episode=15,
            year=2019,
            ids=Ids(imdb=("tt9413736",), tmdb=("1707381",), tvdb=("7047159",), plex=("5de8dbdf18b6d6001db44001",)),
            show_ids=Ids(plex=("5d9c0855ffd9ef001e991de0",)),
            item="146734",
            duration_s=1320,
        ),
    ),
    "plex-media.pause-4": played(
        Account("plex", "282473947294729473", "7109", "fjkshsdkfs", is_owner=True),
        Title(type="episode", title="2026-04-11 - Extended Highlights: Race", item="571288"),
    ),
    "plex-media.play-1": MUSIC,
    "plex-media.play-2": played(
        ICCO,
        Title(
            type="movie",
            title="Captain Marvel",
            year=2019,
            ids=Ids(imdb=("tt4154664",)),
            item="42593",
            duration_s=7380,
        ),
    ),
    "plex-media.play-3": Ignored("trailers and extras are not tracked"),
    "plex-media.play-5": MUSIC,
    "plex-media.play-6": MUSIC,
    "plex-media.play-10": Ignored("it does not say what kind of item this is"),
    "plex-media.rate-2": played(
        REDACTED,
        Title(
            type="movie",
            title="The Harder They Fall",
            year=1956,
            ids=Ids(plex=("5fc6912f1a65df002dd28ab7",)),
            item="8373",
            duration_s=8400,
        ),
    ),
    "plex-media.rate-3": played(
        TESTER, Title(type="movie", title="Your Name", ids=Ids(tmdb=("372058",)), item="12345")
    ),
    "plex-media.rate-5": played(
        Account("plex", "633890aeceb6f4d97404hce80facaeb622021ef8", "11647740", "TestUser", is_owner=True),
        Title(
            type="episode",
            title="Junichiro's Promise / When Tomo Puts On a Swimsuit...",
            show="Tomo-chan wa Onnanoko!",
            season=1,
            episode=7,
            year=2023,
            show_ids=Ids(anidb=("17494",)),
            item="21639",
        ),
    ),
    "plex-media.resume-1": played(
        ICCO,
        Title(
            type="episode",
            title="If You Can't Scooby-Doo the Time, Don't Scooby-Doo the Crime",
            show="Be Cool, Scooby-Doo!",
            season=1,
            episode=14,
            year=2015,
            show_ids=Ids(tvdb=("301376",)),
            item="56914",
        ),
    ),
    "plex-media.resume-2": played(
        Account("plex", "uuidredacted", "304665517", "user_redacted", is_owner=True),
        Title(
            type="episode",
            title="The Quantum Ring",
            show="Solar Opposites",
            season=1,
            episode=3,
            year=2020,
            ids=Ids(imdb=("tt8910944",), tmdb=("2061894",), tvdb=("7547572",), plex=("5e8339c4ec007c00412fee31",)),
            show_ids=Ids(plex=("5d9c09152192ba001f31b6c8",)),
            item="17946",
            duration_s=1260,
        ),
    ),
    "plex-media.scrobble-6": DR_GLOBULE,
    "plex-media.scrobble-8": SHARED_FRIEND,
    "plex-media.scrobble-10": ATTACK_ON_TITAN,
    "plex-media.scrobble-11": CODE_GEASS,
    "plex-media.scrobble-13": NO_METADATA,
    "plex-media.scrobble-14": UNTITLED,
    "plex-media.stop-1": played(
        Account("plex", "adsfadsfasdfadfa", "1", "testyboi", is_owner=True),
        Title(
            type="movie",
            title="Barry Lyndon",
            year=1975,
            ids=Ids(imdb=("tt0072684",)),
            item="75580",
            duration_s=11040,
        ),
    ),
    "plex-media.stop-2": played(
        Account("plex", "tv.plex.provider.vod", "2534941", "username", is_owner=False),
        Title(
            type="movie",
            title="Chinatown",
            year=1974,
            ids=Ids(plex=("5d7768273c3c2a001fbcb51b",)),
            item="6015de7207408f002dcee048",
            duration_s=7829,
        ),
    ),
}
