"""All stand-ins together, with the same people on several of them; for the demo and the end-to-end tests."""

from typing import Final

import msgspec

from simulators.asgi import App
from simulators.determinism import Clock, Ids
from simulators.discord.app import Discord
from simulators.discord.interactions import ADMINISTRATOR, Person
from simulators.emby import Emby
from simulators.jellyfin.app import Jellyfin
from simulators.plex_server.app import PlexServer
from simulators.plex_tv.accounts import PlexAccount
from simulators.plex_tv.app import PlexTv
from simulators.seerr.app import Seerr
from simulators.seerr.dialect import Dialect
from simulators.trakt.app import Trakt

GUILD: Final = "197038439483310086"
CHANNEL: Final = "197038439483310087"
PASSWORD: Final = "town-password"  # noqa: S105 - everybody's, on machines that do not exist
OWNER: Final = "martha"
FRIENDS: Final = ("jonas", "priya", "tomas", "wei", "zoe")
_FIRST_DISCORD_ID: Final = 80_351_110_224_678_912
_MOVIES: Final = (
    ("Arrival", 2016, 329865),
    ("Blade Runner", 1982, 78),
    ("Casablanca", 1942, 289),
    ("Heat", 1995, 949),
    ("Ran", 1985, 11645),
    ("Spirited Away", 2001, 129),
    ("The Matrix", 1999, 603),
    ("The Third Man", 1949, 1092),
)
_SHOWS: Final = (("Breaking Bad", 2008, (7, 13)), ("Dark", 2017, (10, 8, 8)), ("The Wire", 2002, (13, 12)))


class Resident(msgspec.Struct, frozen=True, kw_only=True):
    """One person in town, with their account on each system."""

    name: str
    discord: Person
    plex: PlexAccount


class Town:
    """Martha owns the servers; her friends are on all of them, one is known to Seerr, and a child lives in her Home.

    With the last of her friends she shares only movies.
    """

    def __init__(self, *, clock: Clock | None = None, dialect: Dialect = Dialect.SEERR) -> None:
        clock = clock or Clock()
        self.plex_tv = PlexTv(clock=clock, ids=Ids("plex.tv"))
        self.discord = Discord(clock=clock)
        self.jellyfin = Jellyfin(clock=clock, name="Cellar")
        self.emby = Emby(clock=clock, name="Shed")
        self.jellyfin_key, self.emby_key = self.jellyfin.household.add_key(), self.emby.household.add_key()
        self.trakt = Trakt(clock=clock)
        self.seerr = Seerr(dialect, clock=clock)
        self.residents = {name: self._settle(name, number) for number, name in enumerate((OWNER, *FRIENDS))}
        owner = self.residents[OWNER].plex
        self.child = self.plex_tv.accounts.add_managed("Mila", home_of=owner.id, home_pin="2580")
        self.device = self.plex_tv.accounts.add_server("Attic", owner=owner, uris=[])
        self.plex_server = PlexServer(self.plex_tv.accounts, self.device, clock=clock)
        self._fill_libraries()
        for name in FRIENDS:
            only = self.library_keys[:1] if name == FRIENDS[-1] else None
            self.plex_tv.accounts.share(self.device, self.residents[name].plex, only=only)
        self.plex_tv.accounts.share(self.device, self.child, only=self.library_keys[:1])
        self._set_up_seerr()

    def _settle(self, name: str, number: int) -> Resident:
        is_owner = name == OWNER
        plex = self.plex_tv.accounts.add(name, has_pass=is_owner)
        permissions = ADMINISTRATOR if is_owner else 0
        person = Person(id=str(_FIRST_DISCORD_ID + number), name=name, guild_id=GUILD, permissions=permissions)
        self.discord.people[person.id] = name
        self.discord.guilds.add(GUILD)
        self.discord.channels[CHANNEL] = None
        self.jellyfin.household.add(name, PASSWORD, is_administrator=is_owner)
        self.emby.household.add(name, PASSWORD, is_administrator=is_owner)
        self.trakt.accounts.add(name)
        return Resident(name=name, discord=person, plex=plex)

    def _fill_libraries(self) -> None:
        library = self.plex_server.library
        movies, shows = library.add_section("movie", "Movies"), library.add_section("show", "TV Shows")
        for title, year, tmdb_id in _MOVIES:
            library.add_movie(movies, title, year=year, tmdb_id=tmdb_id)
        for title, year, episodes in _SHOWS:
            library.add_show(shows, title, year=year, episodes=episodes)

    def _set_up_seerr(self) -> None:
        owner = self.residents[OWNER].plex
        self.seerr.uses_plex(self.plex_tv.accounts, machine_id=self.device.machine_id, owner_id=owner.id)
        self.seerr.owner.email, self.seerr.owner.plex_username = f"{OWNER}@example.com", OWNER
        known = self.seerr.users.add(email=f"{FRIENDS[0]}@example.com", username=FRIENDS[0])
        for title, _, tmdb_id in _MOVIES[:3]:
            self.seerr.users.ask_for(known, "movie", tmdb_id, status=2 if title == "Arrival" else 1)

    @property
    def library_keys(self) -> tuple[str, ...]:
        """The libraries of the Plex server."""
        return tuple(self.plex_server.library.sections)

    def sees(self, resident: Resident, section: str) -> bool:
        """Tell whether someone sees a library of the Plex server."""
        return self.plex_tv.accounts.devices[self.device.machine_id].shows(section, resident.plex.id)

    def apps(self) -> dict[str, App]:
        """Return every system by name."""
        return {
            "plex_tv": self.plex_tv,
            "plex_server": self.plex_server,
            "jellyfin": self.jellyfin,
            "emby": self.emby,
            "trakt_auth": self.trakt.auth,
            "trakt_api": self.trakt.api,
            "discord": self.discord,
            "seerr": self.seerr,
        }

    def open_at(self, urls: dict[str, str]) -> dict[str, str]:
        """Set the addresses of all systems; returns Usher's settings for them."""
        self.plex_tv.accounts.move(self.device, [urls["plex_server"]])
        owner = self.residents[OWNER].plex
        return {
            "PLEX_TV_URL": urls["plex_tv"],
            "PLEX_HOST": urls["plex_server"],
            "PLEX_TOKEN": self.plex_tv.accounts.sign_in(owner),
            "SEERR_URL": urls["seerr"],
            "SEERR_API_KEY": self.seerr.authentication.api_key,
            "DISCORD_API_URL": f"{urls['discord']}/api/v10",
            "DISCORD_APPLICATION_ID": self.discord.app.id,
            "DISCORD_PUBLIC_KEY": self.discord.app.public_key,
            "DISCORD_BOT_TOKEN": self.discord.app.bot_token,
            "DISCORD_GUILD_ID": GUILD,
            "DISCORD_CHANNEL_ID": CHANNEL,
            "TRAKT_AUTH_URL": urls["trakt_auth"],
            "TRAKT_API_URL": urls["trakt_api"],
            "TRAKT_CLIENT_ID": self.trakt.accounts.client_id,
            "TRAKT_CLIENT_SECRET": self.trakt.accounts.client_secret,
        }
