"""Stand-ins for the servers that people own, whose tokens are known."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from simulators.asgi import App
from simulators.emby import Emby
from simulators.jellyfin.app import Jellyfin
from simulators.plex_server.app import PlexServer
from simulators.plex_tv.app import PlexTv
from simulators.seerr.app import Seerr
from tests.integration.linker.servers.surroundings import addresses


class Street:
    """One of each, as they stand in a street: whose tokens are known."""

    def __init__(self) -> None:
        self.plex_tv = PlexTv(per_second=1000)
        owner, friend = self.plex_tv.accounts.add("martha"), self.plex_tv.accounts.add("jonas")
        device = self.plex_tv.accounts.add_server("Attic", owner=owner, uris=[])
        self.friends_token = self.plex_tv.accounts.share(device, friend)
        self.device = self.plex_tv.accounts.devices[device.machine_id]
        self.owners_server_token = self.device.access_tokens[owner.id]
        self.plex = PlexServer(self.plex_tv.accounts, self.device)
        self.jellyfin, self.emby, self.seerr = Jellyfin(), Emby(), Seerr()
        for household in (self.jellyfin.household, self.emby.household):
            household.add("martha", "pw", is_administrator=True)
            household.add("jonas", "pw")
        self.tokens = {
            "plex": self.plex_tv.accounts.sign_in(owner),
            "jellyfin": self.jellyfin.household.add_key(),
            "emby": self.emby.household.add_key(),
        }
        self.machines = {
            "plex": device.machine_id,
            "jellyfin": self.jellyfin.server_id,
            "emby": self.emby.server_id,
        }
        self.urls: dict[str, str] = {}

    def app(self, kind: str) -> App:
        apps: dict[str, App] = {"plex": self.plex, "jellyfin": self.jellyfin, "emby": self.emby, "seerr": self.seerr}
        return apps[kind]

    def body(self, kind: str, **others: Any) -> dict[str, Any]:
        return {"name": kind.title(), "type": kind, "url": self.urls[kind], "token": self.tokens[kind], **others}


@asynccontextmanager
async def opened() -> AsyncIterator[Street]:
    made = Street()
    async with addresses(made.plex, made.jellyfin, made.emby, made.seerr, made.plex_tv) as found:
        made.urls = dict(zip(("plex", "jellyfin", "emby", "seerr", "plex_tv"), found, strict=True))
        yield made


def seen_by(app: App) -> str:
    """Return all that a stand-in was sent."""
    return str([(request.headers, request.query_string, request.body) for request in app.seen])
