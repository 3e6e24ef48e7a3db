"""What the pages of linked accounts share: the systems, whose an account is to be, and the servers to choose from."""

from typing import Final

import msgspec

from services.gateway.dashboard.internal_api import InternalApi
from services.gateway.dashboard.outcome import Outcome
from shared.errors import NotFoundError
from shared.schemas.people import Person
from shared.schemas.servers import Server, ServerPage

BY_CODE: Final = ("plex", "trakt", "jellyfin")
BY_PASSWORD: Final = ("jellyfin", "emby")
SYSTEMS: Final = ("plex", "jellyfin", "emby", "trakt")
ON_A_SERVER: Final = BY_PASSWORD
"""Systems whose accounts exist on one server only."""


class Owner(msgspec.Struct, frozen=True):
    """Whose the accounts are; without an id, whoever is logged in."""

    id: str = ""
    name: str = ""


class Servers(msgspec.Struct, frozen=True):
    """The servers of a system to choose from; without `is_known`, they cannot be seen, and a name is typed."""

    names: list[str]
    is_known: bool


def system_of(text: str) -> str:
    """Return a system of the address; raises `NotFoundError` for any other text."""
    if text not in SYSTEMS:
        raise NotFoundError("there is no such system")
    return text


async def owner_of(api: InternalApi, person_id: str) -> Owner:
    """Return the person of the address; raises what the API answers where the caller may not see them."""
    wanted = person_id.strip()
    if not wanted:
        return Owner()
    if not wanted.isprintable() or "/" in wanted:
        raise NotFoundError("there is no such person")
    person = await api.get(f"/people/{wanted}", Person)
    return Owner(person.id, person.name or person.id)


def servers_for(provider: str, servers: Outcome[ServerPage]) -> Servers:
    """Return where an account of this system can be."""
    if servers.value is None:
        return Servers([], is_known=False)
    return Servers([server.name for server in servers.value.items if _fits(server, provider)], is_known=True)


def _fits(server: Server, provider: str) -> bool:
    return server.enabled and server.type == provider
