"""plex.tv: PINs that prove an account, the account itself, its servers and its Home.

The API is that of https://developer.plex.tv/pms ("Authenticating with Plex" and "Plex.tv"). Behaviour beyond that is
what other projects saw; they are named where it matters.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote, urlencode

import httpx
import msgspec

from shared.clients.api import Api, CallGuard, FormBody, Headers, decode_or, is_html, path_segment
from shared.clients.lists import PartialList, read_list
from shared.clients.plex_accounts import Account, Pin, Server, WirePin, WireUser, server_of
from shared.clients.plex_app import PlexApp
from shared.clients.plex_markup import count_elements
from shared.errors import UsherError
from shared.http.calls import UNNAMED_WAIT, FailingError, RateLimitedError, RefusedError, retry_after
from shared.schemas.secret import Secret

PUBLIC_URL: Final = "https://plex.tv"
_WEBHOOKS: Final = "/api/v2/user/webhooks"
_MAY_BE_A_NOTICE: Final = frozenset({httpx.codes.OK, httpx.codes.FORBIDDEN})


class PinExpiredError(RefusedError):
    """The PIN has expired, or another client made it."""

    status = 410
    title = "The PIN has expired"


class PlexPassNeededError(RefusedError):
    """The account may not have webhooks."""

    status = 409
    title = "Plex Pass is needed"


class Hosts(msgspec.Struct, frozen=True):
    """The hosts of plex.tv's parts; a stand-in plays all of them."""

    api: str
    clients: str
    app: str


def hosts_of(url: str) -> Hosts:
    """Return the hosts for `PLEX_TV_URL`."""
    plain = url.rstrip("/")
    if plain == PUBLIC_URL:
        return Hosts(api=plain, clients="https://clients.plex.tv", app="https://app.plex.tv")
    return Hosts(api=plain, clients=plain, app=plain)


PUBLIC_HOSTS: Final = hosts_of(PUBLIC_URL)


class PlexTv:
    """Calls plex.tv with the given tokens."""

    def __init__(
        self, http: httpx.AsyncClient, upstream: CallGuard, *, app: PlexApp, hosts: Hosts = PUBLIC_HOSTS
    ) -> None:
        self._app = app
        self._page = f"{hosts.app}/auth"
        self._api = Api(http, upstream, url=hosts.api, headers=app.headers(), explain=self._explain)
        self._clients = Api(http, upstream, url=hosts.clients, headers=app.headers(), explain=self._explain)

    async def create_pin(self, *, strong: bool) -> Pin:
        """Return a new PIN: strong for `auth_url`, else the four characters to type at plex.tv/link."""
        wire = await self._api.ask("POST", "/api/v2/pins", WirePin, query={"strong": "true"} if strong else None)
        if (pin := wire.pin()) is None:
            raise RefusedError(f"{self._api.name} made a PIN without a code or an expiry")
        return pin

    async def check_pin(self, pin_id: int) -> Secret | None:
        """Return the token once the PIN was claimed, else None; raise `PinExpiredError` once it has expired."""
        wire = await self._api.ask("GET", f"/api/v2/pins/{pin_id}", WirePin, explain=_expired)
        return Secret(wire.auth_token) if wire.auth_token else None

    def auth_url(self, code: str, *, forward_url: str | None = None) -> str:
        """Return the page where a person claims a strong PIN; afterwards it sends them to `forward_url`."""
        query = {"clientID": self._app.client_id, "code": code, "context[device][product]": self._app.product}
        if forward_url is not None:
            query["forwardUrl"] = forward_url
        return f"{self._page}#?{urlencode(query, quote_via=quote, safe='')}"

    async def account(self, token: Secret) -> Account:
        """Return the account of the token; only `CredentialRefusedError` proves that the token is dead."""
        wire = await self._api.ask("GET", "/api/v2/user", WireUser, headers=_with(token))
        return wire.account()

    async def resources(self, token: Secret) -> PartialList[Server]:
        """Return the servers that the account can reach, its own and those shared with it."""
        query = {"includeHttps": 1, "includeRelay": 1, "includeIPv6": 1}
        devices = await self._clients.ask("GET", "/api/v2/resources", list[Any], query=query, headers=_with(token))
        return read_list(devices, server_of)

    async def count_shares(self, token: Secret, *, machine_id: str) -> int:
        """Return how many other accounts a server is shared with; plex.tv tells its owner, others get 401 or 404.

        One of the old calls, which always answer in XML: https://github.com/pkkid/python-plexapi (myplex.py,
        FRIENDSERVERS).
        """
        response = await self._api.send(
            "GET", f"/api/servers/{path_segment(machine_id)}/shared_servers", headers=_with(token)
        )
        return count_elements(response.content, "SharedServer", api=self._api.name)

    async def webhooks(self, token: Secret) -> list[Secret]:
        """Return the addresses of the account's webhooks, which may hold secrets.

        Raises `PlexPassNeededError`: https://github.com/morpheus65535/bazarr/pull/3550.
        """
        wire = await self._api.ask("GET", _WEBHOOKS, list[_Webhook], headers=_with(token), explain=_needs_pass)
        return [Secret(each.url) for each in wire]

    async def replace_webhooks(self, token: Secret, urls: Sequence[Secret]) -> None:
        """Replace the whole list of the account's webhooks: https://github.com/pkkid/python-plexapi (setWebhooks).

        Raises `PlexPassNeededError`.
        """
        body = FormBody(tuple(("urls[]", url) for url in urls) or (("urls", ""),))
        await self._api.send("POST", _WEBHOOKS, headers=_with(token), body=body, explain=_needs_pass)

    async def ping(self, token: Secret) -> None:
        """Tell plex.tv that the token is in use, so that it does not lapse; once a day is enough."""
        await self._api.send("GET", "/api/v2/ping", headers=_with(token))

    def _explain(self, response: httpx.Response) -> UsherError | None:
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
            return _rate_limited(self._api.name, response, now=datetime.now(UTC))
        if is_html(response) and response.status_code in _MAY_BE_A_NOTICE:
            return FailingError(f"{self._api.name} answered with a web page instead of data")
        return None


class _Webhook(msgspec.Struct, frozen=True):
    url: str


class _Error(msgspec.Struct, frozen=True):
    code: int | None = None


class _Errors(msgspec.Struct, frozen=True):
    errors: list[_Error] | None = None


def _with(token: Secret) -> Headers:
    return {"X-Plex-Token": token}


def _expired(response: httpx.Response) -> UsherError | None:
    if response.status_code == httpx.codes.NOT_FOUND and not is_html(response):
        return PinExpiredError("The PIN has expired; ask for a new one", answered=404)
    return None


def _needs_pass(response: httpx.Response) -> UsherError | None:
    if response.status_code == httpx.codes.FORBIDDEN and not is_html(response):
        return PlexPassNeededError("plex.tv lets only accounts with Plex Pass have webhooks", answered=403)
    return None


def _rate_limited(name: str, response: httpx.Response, *, now: datetime) -> RateLimitedError:
    # 1003 is "API rate limit exceeded": https://github.com/Ombi-app/Ombi/issues/5233
    errors = decode_or(response, _Errors, otherwise=_Errors()).errors or []
    code = next((f", code {error.code}" for error in errors if error.code is not None), "")
    wait = retry_after(response.headers.get("Retry-After", ""), now=now)
    return RateLimitedError(f"{name} asks to wait (429{code})", retry_after=UNNAMED_WAIT if wait is None else wait)
