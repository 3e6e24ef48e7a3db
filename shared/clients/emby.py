"""Emby: which server answers, and signing in to it by user name and password.

https://dev.emby.media/doc/restapi/User-Authentication.html
"""

from typing import Any

import httpx
import msgspec

from shared.clients.api import Api, Headers, path_segment
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
from shared.http.upstream import Upstream
from shared.schemas.secret import Secret


class Emby:
    """Calls one server on behalf of one device."""

    def __init__(self, http: httpx.AsyncClient, upstream: Upstream, *, url: str, device: Device) -> None:
        self._api = Api(http, upstream, url=url, headers={"Authorization": authorization("Emby", device)})

    async def public_server(self) -> PublicServer:
        """Return which server answers here; needs no token."""
        wire = await self._api.ask("GET", "/System/Info/Public", WireServer)
        return wire.server()

    async def sign_in(self, *, username: str, password: Secret) -> SignedIn:
        """Return the account and a token for it; raise `WrongPasswordError` if name and password do not match."""
        body = {"Username": username, "Pw": password}
        wire = await self._api.ask("POST", "/Users/AuthenticateByName", WireSignedIn, body=body, explain=not_signed_in)
        return wire.signed_in()

    async def user(self, user_id: str, token: Secret) -> User:
        """Return an account by id, which also checks the token: Emby has no call for "me"."""
        wire = await self._api.ask("GET", f"/Users/{path_segment(user_id)}", WireUser, headers=_with(token))
        return wire.user()

    async def users(self, token: Secret) -> PartialList[User]:
        """Return all accounts of the server, including hidden and disabled ones; for API keys and administrators."""
        wire = await self._api.ask("GET", "/Users/Query", _Users, headers=_with(token))
        return read_list(wire.items, user_of)

    async def sign_out(self, token: Secret) -> None:
        """End the session of a token, which makes the token invalid."""
        await self._api.send("POST", "/Sessions/Logout", headers=_with(token))


class _Users(msgspec.Struct, frozen=True, rename="pascal"):
    items: list[Any]


def _with(token: Secret) -> Headers:
    return {"X-Emby-Token": token}
