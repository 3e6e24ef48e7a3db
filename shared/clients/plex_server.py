"""A Plex Media Server, read with the token of one account: libraries, titles, sessions, search.

https://developer.plex.tv/pms. `Accept` asks for JSON; the token goes in a header, never in an address.
"""

from typing import Final

import httpx
import msgspec

from shared.clients.api import Api, Headers, Query, path_segment
from shared.clients.plex_app import PlexApp
from shared.clients.plex_items import TYPES, Part, WireAnswer, WireContainer
from shared.http.calls import RefusedError
from shared.http.upstream import Upstream
from shared.schemas.plex import Item, Library, Session
from shared.schemas.secret import Secret

PAGE: Final = 50
_NO_TOKEN: Final[Headers] = {}


class ServerIdentity(msgspec.Struct, frozen=True):
    """The server that answers at an address."""

    machine_id: str
    version: str


class PlexServer:
    """Calls one server; make one for each address and token."""

    def __init__(self, http: httpx.AsyncClient, upstream: Upstream, *, app: PlexApp, url: str, token: Secret) -> None:
        self._api = Api(http, upstream, url=url, headers=app.headers())
        self._with_token: Headers = {"X-Plex-Token": token}

    async def identity(self) -> ServerIdentity:
        """Return which server answers here, without sending the token: it may be somebody else's server."""
        container = await self._get("/identity", headers=_NO_TOKEN)
        if not container.machine_identifier:
            raise RefusedError(f"{self._api.name} does not say which server it is")
        return ServerIdentity(machine_id=container.machine_identifier, version=container.version or "")

    async def libraries(self) -> list[Library]:
        """Return the libraries that the account may see."""
        container = await self._get("/library/sections/all")
        return [directory.library() for directory in container.directory or []]

    async def items(self, library_id: str, *, start: int = 0, size: int = PAGE, kind: str | None = None) -> Part:
        """Return a page of a library, in its own order; `kind` (a key of `TYPES`) selects episodes of shows, say."""
        query = {
            "X-Plex-Container-Start": start,
            "X-Plex-Container-Size": size,
            "includeGuids": 1,
            "type": TYPES[kind] if kind else None,
        }
        container = await self._get(f"/library/sections/{path_segment(library_id)}/all", query=query)
        return container.part(start=start, size=size)

    async def recently_added(self, *, start: int = 0, size: int = PAGE) -> Part:
        """Return a page of recent additions to all libraries, newest first: movies, seasons, albums.

        The API description lacks this call; https://github.com/pkkid/python-plexapi (library.py) has it.
        """
        query = {"X-Plex-Container-Start": start, "X-Plex-Container-Size": size, "includeGuids": 1}
        container = await self._get("/library/recentlyAdded", query=query)
        return container.part(start=start, size=size)

    async def sessions(self) -> list[Session]:
        """Return what is being watched now; Plex tells only the server's owner (403 for others)."""
        container = await self._get("/status/sessions")
        return [item.session() for item in container.titles()]

    async def search(self, query: str, *, limit: int = PAGE) -> list[Item]:
        """Return matching titles of all libraries, each once, best first within a kind."""
        container = await self._get("/hubs/search", query={"query": query, "limit": limit})
        found = (wire.item() for hub in container.hubs or [] for wire in hub.metadata or [] if wire.rating_key)
        return list({item.id: item for item in found}.values())

    async def _get(self, path: str, *, query: Query | None = None, headers: Headers | None = None) -> WireContainer:
        sent = self._with_token if headers is None else headers
        answer = await self._api.ask("GET", path, WireAnswer, query=query, headers=sent)
        return answer.container
