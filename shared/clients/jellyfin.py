"""Jellyfin: which server answers, and signing in to it by Quick Connect or by user name and password.

https://api.jellyfin.org, with the paths of 10.9 and later; the `Authorization` header follows
https://gist.github.com/nielsvanvelzen/ea047d9028f676185832e51ffaf12a6f.
"""

from collections.abc import Mapping
from typing import Any

import httpx
import msgspec

from shared.clients.api import Api, Explain, Headers
from shared.clients.lists import PartialList, read_list
from shared.clients.mediabrowser import (
    Device,
    PublicServer,
    SignedIn,
    User,
    WireServer,
    WireSignedIn,
    WireUser,
    authorization,
    not_signed_in,
    user_of,
)
from shared.errors import ConflictError, UsherError
from shared.http.calls import RefusedError
from shared.http.upstream import Upstream
from shared.schemas.secret import Secret


class QuickConnectOffError(ConflictError):
    """The server's owner has turned Quick Connect off."""

    title = "Quick Connect is off"


class NoQuickConnectError(ConflictError):
    """The server is too old for Quick Connect, or a proxy in front of it blocks such calls."""

    title = "There is no Quick Connect"


class QuickConnectExpiredError(RefusedError):
    """The code has expired: the server forgets it after ten minutes, and when it restarts."""

    status = 410
    title = "The Quick Connect code has expired"


class QuickConnect(msgspec.Struct, frozen=True):
    """The person types `code` in Jellyfin. `secret` redeems it, and is as good as a token."""

    code: str
    secret: Secret


class Jellyfin:
    """Calls one server on behalf of one device."""

    def __init__(self, http: httpx.AsyncClient, upstream: Upstream, *, url: str, device: Device) -> None:
        self._device = device
        self._api = Api(http, upstream, url=url, headers={"Authorization": authorization("MediaBrowser", device)})

    async def public_server(self) -> PublicServer:
        """Return which server answers here; needs no token."""
        wire = await self._api.ask("GET", "/System/Info/Public", WireServer)
        return wire.server()

    async def sign_in(self, *, username: str, password: Secret) -> SignedIn:
        """Return the account and a token for it; raise `WrongPasswordError` if name and password do not match."""
        body = {"Username": username, "Pw": password}
        wire = await self._api.ask("POST", "/Users/AuthenticateByName", WireSignedIn, body=body, explain=not_signed_in)
        return wire.signed_in()

    async def start_quick_connect(self) -> QuickConnect:
        """Return a new code; raise `QuickConnectOffError` or `NoQuickConnectError` if the server gives none.

        Jellyfin before 10.9 expects GET: https://github.com/jellyfin/jellycon/pull/432.
        """
        try:
            wire = await self._initiate("POST", explain=_is_not_begun)
        except _OtherMethodError:
            wire = await self._initiate("GET", explain=_is_not_begun_either)
        return QuickConnect(code=wire.code, secret=Secret(wire.secret))

    async def _initiate(self, method: str, *, explain: Explain) -> "_QuickConnect":
        return await self._api.ask(method, "/QuickConnect/Initiate", _QuickConnect, explain=explain)

    async def is_approved(self, secret: Secret) -> bool:
        """Return whether the person has approved the code; raise `QuickConnectExpiredError` once it has expired.

        The secret is in the address because Jellyfin reads it nowhere else.
        """
        wire = await self._api.ask(
            "GET", "/QuickConnect/Connect", _QuickConnect, query={"secret": secret.reveal()}, explain=_is_over
        )
        return wire.authenticated

    async def finish_quick_connect(self, secret: Secret) -> SignedIn:
        """Return the account that approved the code, and a token for it.

        Jellyfin gives the same answer again for ten minutes after the approval, unless it restarts. 10.7 calls the
        secret `Token`: https://github.com/jellyrock/jellyrock/pull/523.
        """
        try:
            return await self._redeem({"Secret": secret})
        except QuickConnectExpiredError as exc:
            if exc.answered != httpx.codes.BAD_REQUEST:
                raise
        return await self._redeem({"Token": secret})

    async def _redeem(self, body: Mapping[str, Secret]) -> SignedIn:
        wire = await self._api.ask(
            "POST",
            "/Users/AuthenticateWithQuickConnect",
            WireSignedIn,
            body=body,
            explain=_is_over_or_not_approved,
        )
        return wire.signed_in()

    async def me(self, token: Secret) -> User:
        """Return the account of the token; not for API keys, which belong to no account."""
        wire = await self._api.ask("GET", "/Users/Me", WireUser, headers=self._with(token))
        return wire.user()

    async def users(self, token: Secret) -> PartialList[User]:
        """Return all accounts of the server, including hidden and disabled ones; for API keys and administrators."""
        wire = await self._api.ask("GET", "/Users", list[Any], headers=self._with(token))
        return read_list(wire, user_of)

    async def sign_out(self, token: Secret) -> None:
        """End the session of a token, which makes the token invalid."""
        await self._api.send("POST", "/Sessions/Logout", headers=self._with(token))

    def _with(self, token: Secret) -> Headers:
        return {"Authorization": authorization("MediaBrowser", self._device, token=token)}


class _QuickConnect(msgspec.Struct, frozen=True, rename="pascal"):
    code: str
    secret: str
    authenticated: bool = False


class _OtherMethodError(RefusedError):
    """The call exists, but with GET."""


def _is_not_begun(response: httpx.Response) -> UsherError | None:
    if response.status_code == httpx.codes.METHOD_NOT_ALLOWED and _may_allow(response, "GET"):
        return _OtherMethodError(f"{response.status_code}", answered=response.status_code)
    return _is_not_begun_either(response)


def _is_not_begun_either(response: httpx.Response) -> UsherError | None:
    match response.status_code:
        case httpx.codes.UNAUTHORIZED | httpx.codes.FORBIDDEN:
            return QuickConnectOffError("Quick Connect is turned off on this server")
        case httpx.codes.NOT_FOUND | httpx.codes.METHOD_NOT_ALLOWED | httpx.codes.NOT_IMPLEMENTED:
            return NoQuickConnectError("There is no Quick Connect on this server")
        case _:
            return None


def _may_allow(response: httpx.Response, method: str) -> bool:
    """Return whether a 405 allows this method, or, against the rules, names none."""
    allowed: str = response.headers.get("Allow", "")
    return not allowed.strip() or method in {each.strip().upper() for each in allowed.split(",")}


def _is_off(response: httpx.Response) -> UsherError | None:
    if response.status_code == httpx.codes.UNAUTHORIZED:
        return QuickConnectOffError("Quick Connect is turned off on this server")
    return None


def _is_over(response: httpx.Response) -> UsherError | None:
    if response.status_code == httpx.codes.NOT_FOUND:
        return QuickConnectExpiredError("The Quick Connect code has expired; ask for a new one", answered=404)
    return _is_off(response)


def _is_over_or_not_approved(response: httpx.Response) -> UsherError | None:
    if response.status_code in {httpx.codes.BAD_REQUEST, httpx.codes.UNAUTHORIZED}:
        return QuickConnectExpiredError(
            "The Quick Connect code was not approved or has expired", answered=response.status_code
        )
    return _is_over(response)
