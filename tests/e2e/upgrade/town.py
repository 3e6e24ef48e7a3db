"""The systems around the folder, with the people of the folder on them; runs beside the test, in a thread."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from anyio.from_thread import BlockingPortal, start_blocking_portal

from simulators.asgi import App
from simulators.discord.replies import DEFERRED, DEFERRED_UPDATE
from simulators.mediabrowser import Client, User
from simulators.plex_tv.accounts import PlexAccount
from simulators.seerr.users import UserType, moment
from simulators.serving import serving
from simulators.town import Town
from tests.e2e.upgrade.sealed import parcel

PLEX_CLIENT_ID: Final = "5f3a2c1e-0b0d-4c59-9f3e-0a4f0d8f7a11"
"""The client id of the folder's installation at plex.tv."""
IN_SEERR: Final = {
    "anna": 5001,
    "bela": 5002,
    "carl": 5003,
    "dora": 5004,
    "emil": 5005,
    "finn": 5006,
    "gina": 5007,
    "hugo": 5008,
    "iris": 5009,
    "judy": 5010,
    "ivan": 5011,
    "zelda": 5012,
    "lost": 5098,
}
"""The people with a user in Seerr, with their ids at plex.tv."""
SIGNING_IN: Final = {"otto": 5013, "nora": 5014}
LINKED: Final = {"uma": 5015}
GONE: Final = "gwen"
"""People who had a user in Seerr, from which their Discord id must be removed."""
DISCORD: Final = {
    name: f"8000000000000000{number:02}"
    for number, name in enumerate(
        ("anna", "bela", "carl", "emil", "finn", "otto", "uma", "wolf", "kurt", "lena", "mona", "nils", "ruth", "tina"),
        1,
    )
} | {"gwen": "800000000000000020"}
COMMANDS: Final = {
    "whoami": "emil",
    "delivered": "emil",
    "help": "bela",
    "history": "anna",
    "older": "anna",
    "link": "wolf",
    "unlink": "uma",
    "reply": "kurt",
    "syncers": "kurt",
    "outbox": "kurt",
    "spooled": "lena",
    "done": "lena",
    "sign_in": "otto",
}
"""What people did in Discord before the stop, and who; each waits for its reply."""
BESIDE: Final = {"late": "tina", "kurt": "kurt", "lena": "lena", "mona": "mona", "nils": "nils", "ruth": "ruth"}
"""The people of messages without an interaction."""


class Surroundings:
    """The town, and what the folder's messages and rows say of it: `values`, by the names after their `$`."""

    def __init__(self, town: Town, urls: dict[str, str]) -> None:
        now = datetime.now(UTC)
        self.town = town
        self.urls = urls
        self.began_at: Final = now
        self.tokens: dict[str, str] = {}
        self.plex_tokens: dict[str, str] = {}
        self.values = {
            "now": _written(now),
            "earlier": _written(now - timedelta(minutes=2)),
            "attic": town.device.machine_id,
            "cellar": town.jellyfin.server_id,
            "application": town.discord.app.id,
        }
        town.discord.people.update({number: name for name, number in DISCORD.items()})
        accounts = {name: _account(town, name, number) for name, number in (IN_SEERR | SIGNING_IN | LINKED).items()}
        for name in SIGNING_IN:
            town.plex_tv.accounts.share(town.device, accounts[name])
        self._settle_in_seerr()
        self._use_discord()
        self.values["pins_otto"] = self._sign_in(accounts["otto"])
        self.values["pins_nora"] = self._sign_in(accounts["nora"])
        self.plex_tokens = {name: town.plex_tv.accounts.sign_in(accounts[name]) for name in ("emil", "uma")}
        self.jellyfin_token = self._sign_in_to_jellyfin()

    def _settle_in_seerr(self) -> None:
        users = self.town.seerr.users
        for name, number in IN_SEERR.items():
            email = f"{name}@example.com"
            user = users.add(email=email, plex_username=name, plex_id=number, user_type=UserType.PLEX)
            user.created_at = self.began_at
            self.values[f"seerr_{name}"] = str(user.id)
        gone = users.add(email=f"{GONE}@example.com", username=GONE)
        gone.created_at = self.began_at
        gone.settings = {"discordId": DISCORD[GONE]}
        self.values |= {f"seerr_{GONE}": str(gone.id), "made_at": moment(gone.created_at)}

    def _use_discord(self) -> None:
        for name, person in BESIDE.items():
            self.values |= {f"u_{name}": DISCORD[person], f"p_{name}": parcel(f"parcel-{name}", "t", purpose=_TOKEN)}
        for name, person in COMMANDS.items():
            is_button = name == "older"
            sent = self.town.discord.app.snowflake()
            token = self.tokens[name] = f"interaction-token-{name}"
            waiting: dict[str, Any] = {"id": sent, "application_id": self.town.discord.app.id, "token": token}
            waiting |= {"type": 3 if is_button else 2, "channel_id": "9001"}
            waiting |= {"message": {"id": "1460000000000000001", "channel_id": "9001"}} if is_button else {}
            self.town.discord.interactions.send(waiting)
            self.town.discord.answered(token, {"type": DEFERRED_UPDATE if is_button else DEFERRED})
            sealed = parcel(f"parcel-{name}", token, purpose=_TOKEN)
            self.values |= {f"i_{name}": sent, f"u_{name}": DISCORD[person], f"p_{name}": sealed}

    def _sign_in(self, account: PlexAccount) -> str:
        """Begin to sign in as the linker does, let the person claim the PIN, and return the references to both."""
        pins = [
            self.town.plex_tv.pins.make(client_id=PLEX_CLIENT_ID, product="Usher", is_strong=is_strong)
            for is_strong in (True, False)
        ]
        self.town.plex_tv.pins.claim(pins[0].id, account)
        return ",".join(f"{pin.id}@{int(pin.expires_at.timestamp())}" for pin in pins)

    def _sign_in_to_jellyfin(self) -> str:
        user = self.town.jellyfin.household.by_name("jonas")
        assert isinstance(user, User)
        client = Client(client="Usher", device="Usher", device_id="usher-1", version="1")
        token = self.town.jellyfin.household.sign_in(user, client)
        self.values |= {
            "jellyfin_user": user.id,
            "p_revoke": parcel("parcel-revoke", token, purpose="revoked-token"),
        }
        return token

    @property
    def settings(self) -> dict[str, str]:
        """Settings that are not in the folder: plex.tv's address and Discord's application."""
        given = self.town.open_at(self.urls)
        return {name: value for name, value in given.items() if name.startswith(("PLEX_TV_", "DISCORD_"))}


_TOKEN: Final = "interaction-token"


def _written(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _account(town: Town, name: str, number: int) -> PlexAccount:
    return town.plex_tv.accounts.add(name, id=number)


def _served(portal: BlockingPortal, app: App) -> Any:
    return portal.wrap_async_context_manager(serving(app))


@contextmanager
def surroundings() -> Iterator[Surroundings]:
    """Serve the town while the block runs."""
    town = Town()
    with start_blocking_portal() as portal, ExitStack() as stack:
        urls = {name: stack.enter_context(_served(portal, app)) for name, app in town.apps().items()}
        yield Surroundings(town, urls)
