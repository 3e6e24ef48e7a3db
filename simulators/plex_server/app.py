"""A Plex Media Server for clients with a token: its libraries, what is new, what is being watched, and a search.

Its owner may use the account's token or the server's own; everyone else needs the token that plex.tv gives them for
this server.
"""

from typing import Any, Final

from simulators.asgi import App, Request, Response, json_response, text_response
from simulators.determinism import Clock, Ids
from simulators.plex_markup import wants_json, xml_response
from simulators.plex_server import answers
from simulators.plex_server.library import Item, Library
from simulators.plex_tv.accounts import Accounts, Device

VERSION: Final = "1.43.0.10492-121068a07"
_IDENTIFIER: Final = "com.plexapp.plugins.library"
_FOUND_AT_ONCE: Final = 3
_ELEMENTS: Final = {"movie": "Video", "episode": "Video", "clip": "Video", "show": "Directory", "season": "Directory"}


class PlexServer(App):
    """The stand-in for a server in `accounts`; `library` has its contents."""

    def __init__(
        self, accounts: Accounts, device: Device, *, clock: Clock | None = None, ids: Ids | None = None
    ) -> None:
        self._accounts = accounts
        self._machine_id = device.machine_id
        self.library = Library(clock or Clock(), ids or Ids(device.machine_id))
        super().__init__(
            {
                "GET /": self._root,
                "GET /identity": self._identity,
                "GET /library/sections": self._sections,
                "GET /library/sections/all": self._sections,
                "GET /library/sections/{section}/all": self._content,
                "GET /library/recentlyAdded": self._recent,
                "GET /library/metadata/{keys}": self._items,
                "GET /hubs/search": self._search,
                "GET /status/sessions": self._sessions,
            }
        )

    async def serve(self, request: Request) -> Response:
        """Require a token for everything but the server's identity."""
        if request.path != "/identity" and self._caller(request) is None:
            return _page(401, "Unauthorized")
        return await super().serve(request)

    def missing(self, request: Request, *, is_known_path: bool) -> Response:  # noqa: ARG002 - it names no path
        """Answer a path that the server does not have."""
        return _page(405, "Method Not Allowed") if is_known_path else _page(404, "Not Found")

    def _caller(self, request: Request) -> int | None:
        token = request.header("x-plex-token") or request.query.get("X-Plex-Token", "")
        device = self._accounts.devices[self._machine_id]
        holder = self._accounts.holder(token)
        if holder is not None and holder.id == device.owner_id:
            return holder.id
        return next((account for account, given in device.access_tokens.items() if given == token), None)

    def _sees(self, request: Request, section: str) -> bool:
        caller = self._caller(request)
        return caller is not None and self._accounts.devices[self._machine_id].shows(section, caller)

    async def _root(self, request: Request) -> Response:
        device = self._accounts.devices[self._machine_id]
        owner = self._accounts.by_id[device.owner_id]
        return _container(
            request,
            {
                "size": 0,
                "allowSharing": True,
                "friendlyName": device.name,
                "machineIdentifier": device.machine_id,
                "myPlex": True,
                "myPlexMappingState": "mapped",
                "myPlexSigninState": "ok",
                "myPlexSubscription": owner.has_pass,
                "myPlexUsername": owner.email,
                "multiuser": True,
                "platform": "Linux",
                "platformVersion": "6.1.0",
                "version": VERSION,
            },
        )

    async def _identity(self, request: Request) -> Response:
        identity = {"size": 0, "apiVersion": "1.1.1", "claimed": True, "machineIdentifier": self._machine_id}
        return _container(request, {**identity, "version": VERSION})

    async def _sections(self, request: Request) -> Response:
        found = [answers.section(each) for each in self.library.sections.values() if self._sees(request, each.key)]
        return _container(
            request, {"size": len(found), "allowSync": False, "title1": "Plex Library", "Directory": found}
        )

    async def _content(self, request: Request) -> Response:
        section = self.library.sections.get(request.values["section"])
        if section is None or not self._sees(request, section.key):
            return _page(404, "Not Found")
        named = {"librarySectionID": int(section.key), "librarySectionTitle": section.title}
        return self._list(request, self.library.content(section, request.query.get("type")), named)

    async def _recent(self, request: Request) -> Response:
        return self._list(request, self.library.recent(), {})

    async def _items(self, request: Request) -> Response:
        found = [item for key in request.values["keys"].split(",") if (item := self.library.items.get(key)) is not None]
        return self._list(request, found, {}) if found else _page(404, "Not Found")

    def _list(self, request: Request, items: list[Item], more: dict[str, Any]) -> Response:
        try:
            start, size = _number(request, "X-Plex-Container-Start"), _number(request, "X-Plex-Container-Size")
        except ValueError:
            return _page(400, "Bad Request")
        begin = start or 0
        items = [item for item in items if self._sees(request, item.section)]
        part = items[begin:] if size is None else items[begin : begin + size]
        guids = request.query.get("includeGuids") == "1"
        shown = [answers.metadata(self.library, item, with_guids=guids) for item in part]
        totals = {} if size is None else {"totalSize": len(items), "offset": begin}
        body = {"size": len(part), **totals, "allowSync": True, "identifier": _IDENTIFIER, **more}
        headers = {"X_Plex_Container_Start": str(begin), "X_Plex_Container_Total_Size": str(len(items))}
        return _container(request, {**body, **({"Metadata": shown} if shown else {})}, **headers)

    async def _search(self, request: Request) -> Response:
        text = request.query.get("query", "")
        limit = request.query.get("limit", str(_FOUND_AT_ONCE))
        if not text or not limit.isdecimal():
            return _page(400, "Bad Request")
        section = request.query.get("sectionId")
        found = {kind: self.library.search(text, kind, section) for kind in ("movie", "show", "episode")}
        hubs = [
            answers.hub(
                self.library, kind, [item for item in items if self._sees(request, item.section)], limit=int(limit)
            )
            for kind, items in found.items()
        ]
        return _container(request, {"size": len(hubs), "identifier": _IDENTIFIER, "Hub": hubs})

    async def _sessions(self, request: Request) -> Response:
        if self._caller(request) != self._accounts.devices[self._machine_id].owner_id:
            return _page(403, "Forbidden")
        shown = [answers.playing(self.library, each) for each in self.library.sessions]
        return _container(request, {"size": len(shown), **({"Metadata": shown} if shown else {})})


def _number(request: Request, name: str) -> int | None:
    raw = request.header(name) or request.query.get(name, "")
    return int(raw) if raw else None


def _container(request: Request, body: dict[str, Any], **headers: str) -> Response:
    if wants_json(request):
        return json_response({"MediaContainer": body}, 200, **headers)
    return xml_response("MediaContainer", _as_elements(body), status=200, **headers)


def _as_elements(body: dict[str, Any]) -> dict[str, Any]:
    """Name the elements after their kinds: XML has no Metadata elements."""
    plain = {name: value for name, value in body.items() if name not in {"Metadata", "Hub"}}
    for item in body.get("Metadata", []):
        plain.setdefault(_ELEMENTS[item["type"]], []).append(item)
    hubs = [_as_elements(each) for each in body.get("Hub", [])]
    return {**plain, **({"Hub": hubs} if hubs else {})}


def _page(status: int, reason: str) -> Response:
    text = f"<html><head><title>{reason}</title></head><body><h1>{status} {reason}</h1></body></html>"
    return text_response(text, "text/html", status)
