"""plex.tv and clients.plex.tv: PINs, accounts, servers, shares and Homes, with Plex's errors and limits."""

from collections import deque
from datetime import datetime, timedelta
from typing import Any, Final

from simulators.asgi import App, Request, Response, text_response
from simulators.determinism import Clock, Ids
from simulators.plex_markup import respond, xml_response
from simulators.plex_tv import answers
from simulators.plex_tv.accounts import Accounts, PlexAccount
from simulators.plex_tv.pages import Pages
from simulators.plex_tv.pins import Pin, Pins
from simulators.plex_tv.refusals import errors, refusal, unauthorized
from simulators.plex_tv.webhooks import Webhooks

SECOND: Final = timedelta(seconds=1)
PIN_CHECKS_AT_ONCE: Final = 3
_PAGES: Final = frozenset({"/auth", "/link"})
_TRUE: Final = frozenset({"1", "true"})


class PlexTv(App):
    """The stand-in; `accounts`, `pins` and `webhooks` are what the website's pages would change.

    Plex publishes no limits. Ten requests a second from one client were seen to be refused
    (https://github.com/RickDB/PlexAniSync/issues/51), and a PIN may be asked for "once per second": here a PIN that is
    asked for more often is refused after a few times.
    `per_second` and `pin_checks_at_once` relax these limits for tests and demos that cannot wait.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        ids: Ids | None = None,
        per_second: int = 9,
        pin_checks_at_once: int = PIN_CHECKS_AT_ONCE,
    ) -> None:
        self.clock = clock or Clock()
        ids = ids or Ids()
        self.accounts = Accounts(self.clock, ids)
        self.pins = Pins(self.accounts, self.clock, ids)
        self.webhooks = Webhooks(self.accounts)
        self._limits = {"client": per_second, "pin": pin_checks_at_once}
        self._recent: dict[tuple[str, str], deque[datetime]] = {}
        pages = Pages(self.accounts, self.pins).routes()
        super().__init__(
            {
                "POST /api/v2/pins": self._make_pin,
                "GET /api/v2/pins/{id}": self._check_pin,
                "PUT /api/v2/pins/link": self._link_pin,
                "GET /api/v2/user": self._user,
                "GET /api/v2/ping": self._ping,
                "GET /api/v2/resources": self._resources,
                "GET /api/v2/home/users": self._home,
                "GET /api/v2/home/users/": self._home,
                "POST /api/v2/home/users/{uuid}/switch": self._switch,
                "DELETE /api/v2/users/signout": self._sign_out,
                "GET /api/users": self._users,
                "GET /api/servers/{machine}/shared_servers": self._shares,
                **self.webhooks.routes(),
                **pages,
            }
        )

    async def serve(self, request: Request) -> Response:
        """Check every request as plex.tv does: it must name its client, and not come too often."""
        if request.path in _PAGES:
            return await super().serve(request)
        client = _header(request, "X-Plex-Client-Identifier")
        if not client:
            return refusal(request, 1000, "X-Plex-Client-Identifier is missing", 400)
        if self._is_too_often("client", client):
            return _too_often(request)
        return await super().serve(request)

    def missing(self, request: Request, *, is_known_path: bool) -> Response:
        """Answer a path that plex.tv does not have."""
        if is_known_path:
            return refusal(request, 1005, "The request method is not allowed for this endpoint", 405)
        return refusal(request, 1002, "The requested resource or endpoint could not be found", 404)

    def _is_too_often(self, kind: str, key: str) -> bool:
        now = self.clock.now()
        recent = self._recent.setdefault((kind, key), deque())
        while recent and now - recent[0] >= SECOND * (1 if kind == "client" else PIN_CHECKS_AT_ONCE):
            recent.popleft()
        if len(recent) >= self._limits[kind]:
            return True
        recent.append(now)
        return False

    async def _make_pin(self, request: Request) -> Response:
        pin = self.pins.make(
            client_id=_header(request, "X-Plex-Client-Identifier"),
            product=_header(request, "X-Plex-Product") or "Unknown",
            is_strong={**request.form(), **request.query}.get("strong", "") in _TRUE,
        )
        return self._pin(request, pin, status=201)

    async def _check_pin(self, request: Request) -> Response:
        number = request.values["id"]
        pin = self.pins.find(int(number)) if number.isdecimal() else None
        if pin is None or pin.client_id != _header(request, "X-Plex-Client-Identifier"):
            return _no_such_pin(request)
        if self._is_too_often("pin", number):
            return _too_often(request)
        return self._pin(request, pin, status=200)

    def _pin(self, request: Request, pin: Pin, *, status: int) -> Response:
        return respond(request, "pin", answers.pin(pin, now=self.clock.now()), status=status)

    async def _link_pin(self, request: Request) -> Response:
        account = self._holder(request)
        pin = self.pins.with_code(request.form().get("code", ""))
        if account is None:
            return unauthorized(request)
        if pin is None or pin.token is not None or pin.is_denied:
            return _no_such_pin(request)
        self.pins.claim(pin.id, account)
        return Response(status=204)

    async def _user(self, request: Request) -> Response:
        account = self._holder(request)
        if account is None:
            return unauthorized(request)
        body = answers.user(account, token=_header(request, "X-Plex-Token"), accounts=self.accounts)
        return respond(request, "user", body)

    async def _ping(self, request: Request) -> Response:
        if self._holder(request) is None:
            return unauthorized(request)
        return respond(request, "pong", {"pong": True})

    async def _resources(self, request: Request) -> Response:
        viewer = self._holder(request)
        if viewer is None:
            return unauthorized(request)
        including = {name for name, value in request.query.items() if value in _TRUE}
        found = [
            answers.resource(device, viewer, self.accounts.by_id[device.owner_id], including=including)
            for device in self.accounts.devices.values()
            if viewer.id in device.access_tokens
        ]
        return respond(request, "resources", found)

    async def _home(self, request: Request) -> Response:
        account = self._holder(request)
        if account is None:
            return unauthorized(request)
        body = {
            "id": account.home_of or account.id,
            "name": f"{account.title}'s home",
            "guestUserID": 0,
            "guestUserUUID": "",
            "guestEnabled": False,
            "subscription": account.has_pass,
            "users": [answers.home_user(each) for each in self.accounts.home(account)],
        }
        return respond(request, "home", body)

    async def _switch(self, request: Request) -> Response:
        account = self._holder(request)
        if account is None:
            return unauthorized(request)
        members = self.accounts.home(account)
        member = next((each for each in members if each.uuid == request.values["uuid"]), None)
        if member is None:
            return self.missing(request, is_known_path=False)
        if member.home_pin is not None and request.query.get("pin") != member.home_pin:
            return refusal(request, 1041, "A valid PIN is required to perform this action", 403)
        token = self.accounts.sign_in(member)
        return respond(request, "user", answers.user(member, token=token, accounts=self.accounts), status=201)

    async def _sign_out(self, request: Request) -> Response:
        if self._holder(request) is None:
            return unauthorized(request)
        self.accounts.revoke(_header(request, "X-Plex-Token"))
        return Response(status=204)

    async def _users(self, request: Request) -> Response:
        owner = self._holder(request)
        if owner is None:
            return unauthorized(request)
        devices = self.accounts.owned(owner)
        users = [answers.listed_user(each, devices) for each in self.accounts.friends(owner)]
        return xml_response("MediaContainer", {**_container(owner, len(users)), "User": users})

    async def _shares(self, request: Request) -> Response:
        owner = self._holder(request)
        if owner is None:
            return unauthorized(request)
        device = self.accounts.devices.get(request.values["machine"])
        if device is None or device.owner_id != owner.id:
            return text_response("Not found", "text/html", 404)
        sharers = [self.accounts.by_id[each] for each in device.access_tokens if each != owner.id]
        shares = [answers.share(each, device) for each in sharers]
        container = {**_container(owner, len(shares)), "machineIdentifier": device.machine_id}
        return xml_response("MediaContainer", {**container, "SharedServer": shares})

    def _holder(self, request: Request) -> PlexAccount | None:
        return self.accounts.holder(_header(request, "X-Plex-Token"))


def _container(owner: PlexAccount, size: int) -> dict[str, Any]:
    return {
        "friendlyName": "myPlex",
        "identifier": "com.plexapp.plugins.myplex",
        "machineIdentifier": owner.uuid,
        "totalSize": size,
        "size": size,
    }


def _header(request: Request, name: str) -> str:
    """Return a header, which Plex also reads from the query."""
    return request.header(name) or request.query.get(name, "")


def _no_such_pin(request: Request) -> Response:
    error = {"code": 1020, "message": "Code not found or expired"}
    return respond(request, "errors", errors(request, error), status=404)


def _too_often(request: Request) -> Response:
    return refusal(request, 1003, "API rate limit exceeded", 429)
