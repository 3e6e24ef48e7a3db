"""Trakt's two hosts: auth.trakt.tv with the device flow, and api.trakt.tv with the account of a token.

https://github.com/trakt/trakt-api (contracts of 2026-07).
"""

from collections import deque
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from simulators.asgi import App, Request, Response, json_response, text_response
from simulators.determinism import Clock, Ids
from simulators.trakt.accounts import CODE_LIFE, TOKEN_LIFE, Account, Accounts, Device, Grant

INTERVAL: Final = timedelta(seconds=5)
CALLS: Final = 1000
WINDOW: Final = timedelta(minutes=5)
_CLOUDFLARE: Final = "<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head></html>"
_GRANT: Final = "The provided authorization grant is invalid, expired, revoked, or was issued to another client."


class _Host(App):
    """Both hosts are behind Cloudflare, which refuses requests without a User-Agent."""

    async def serve(self, request: Request) -> Response:
        agent = request.header("user-agent")
        if "/" not in agent or agent.startswith("python-"):
            return text_response(_CLOUDFLARE, "text/html; charset=UTF-8", 403, server="cloudflare")
        response = await super().serve(request)
        return msgspec.structs.replace(response, headers={"x-runtime": "0.012", **response.headers})

    def missing(self, request: Request, *, is_known_path: bool) -> Response:  # noqa: ARG002 - it names no path
        return Response(status=405 if is_known_path else 404)


class TraktAuth(_Host):
    """auth.trakt.tv."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        super().__init__(
            {
                "POST /oauth/device/code": self._code,
                "POST /oauth/device/token": self._token,
                "POST /oauth/token": self._refresh,
                "POST /oauth/revoke": self._revoke,
            }
        )

    async def _code(self, request: Request) -> Response:
        if _body(request).get("client_id") != self._accounts.client_id:
            return _unknown_client()
        device = self._accounts.begin()
        return json_response(
            {
                "device_code": device.code,
                "user_code": device.user_code,
                "verification_url": "https://auth.trakt.tv/activate",
                "expires_in": int(CODE_LIFE.total_seconds()),
                "interval": int(INTERVAL.total_seconds()),
            }
        )

    async def _token(self, request: Request) -> Response:
        body = _body(request)
        if not self._is_client(body):
            return _unknown_client()
        device = self._accounts.devices.get(str(body.get("code")))
        if device is None:
            return Response(status=404)
        now, asked_at = self._accounts.clock.now(), device.asked_at
        device.asked_at = now
        if asked_at is not None and now - asked_at < INTERVAL:
            return Response(status=429, headers={"retry-after": "1"})
        return self._outcome(device)

    def _outcome(self, device: Device) -> Response:
        if device.is_used:
            return Response(status=409)
        if device.is_denied:
            return Response(status=418)
        if self._accounts.is_over(device):
            return Response(status=410)
        if device.account is None:
            return Response(status=400)
        device.is_used = True
        return _tokens(self._accounts.grant(device.account))

    async def _refresh(self, request: Request) -> Response:
        body = _body(request)
        if not self._is_client(body):
            return _unknown_client()
        if body.get("grant_type") != "refresh_token":
            return _oauth_error(400, "unsupported_grant_type", "The authorization grant type is not supported.")
        grant = self._accounts.refresh(str(body.get("refresh_token")))
        return _oauth_error(400, "invalid_grant", _GRANT) if grant is None else _tokens(grant)

    async def _revoke(self, request: Request) -> Response:
        body = _body(request)
        if not self._is_client(body):
            return _unknown_client()
        self._accounts.revoke(str(body.get("token")))
        return json_response({})

    def _is_client(self, body: dict[str, Any]) -> bool:
        known = (self._accounts.client_id, self._accounts.client_secret)
        return (body.get("client_id"), body.get("client_secret")) == known


class TraktApi(_Host):
    """api.trakt.tv, which needs the application's key and a token."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._recent: deque[datetime] = deque()
        super().__init__({"GET /users/settings": self._settings})

    async def serve(self, request: Request) -> Response:
        """Require the key and the version, and count the calls."""
        if request.header("trakt-api-key") not in {"", self._accounts.client_id}:
            return Response(status=403, headers={"x-runtime": "0.001"})
        if not self._accounts.has_vip:
            return Response(status=426, headers={"x-runtime": "0.001", "x-upgrade-url": "https://trakt.tv/vip"})
        now = self._accounts.clock.now()
        while self._recent and now - self._recent[0] >= WINDOW:
            self._recent.popleft()
        if len(self._recent) >= CALLS:
            wait = WINDOW - (now - self._recent[0])
            limit = {"name": "AUTHED_API_GET_LIMIT", "period": 300, "limit": CALLS, "remaining": 0}
            headers = {"retry-after": str(int(wait.total_seconds())), "x-runtime": "0.001"}
            encoded = msgspec.json.encode(limit).decode()
            return Response(status=429, headers={**headers, "x-ratelimit": encoded})
        self._recent.append(now)
        return await super().serve(request)

    async def _settings(self, request: Request) -> Response:
        if not request.header("trakt-api-key"):
            return Response(status=403)
        if request.header("trakt-api-version") != "2":
            return Response(status=412)
        scheme, _, token = request.header("authorization").partition(" ")
        account = self._accounts.holder(token) if scheme == "Bearer" else None
        if account is None:
            return Response(status=401, headers={"www-authenticate": 'Bearer realm="Trakt", error="invalid_token"'})
        if account.slug in self._accounts.locked:
            return Response(status=423, headers={"x-account-locked": "true"})
        return json_response(_settings(account))


class Trakt:
    """Both hosts, with their shared accounts."""

    def __init__(self, *, clock: Clock | None = None, ids: Ids | None = None) -> None:
        self.accounts = Accounts(clock or Clock(), ids or Ids("trakt"))
        self.auth = TraktAuth(self.accounts)
        self.api = TraktApi(self.accounts)


def _settings(account: Account) -> dict[str, Any]:
    return {
        "user": {
            "username": account.slug,
            "private": False,
            "name": account.slug.title(),
            "vip": account.is_vip,
            "vip_ep": False,
            "ids": {"slug": account.slug, "uuid": account.uuid},
            "joined_at": "2015-01-01T00:00:00.000Z",
            "location": "",
            "about": "",
            "gender": "",
            "age": 0,
            "images": {"avatar": {"full": "https://walter.trakt.tv/images/users/placeholder.png"}},
        },
        "account": {"timezone": "Europe/Berlin", "date_format": "dmy", "time_24hr": True, "cover_image": None},
        "connections": {"facebook": False, "twitter": False, "google": False, "apple": False, "slack": False},
        "limits": {
            "list": {"count": 5, "item_count": 250},
            "watchlist": {"item_count": 250},
            "favorites": {"item_count": 100},
            "collection": {"item_count": 1000},
        },
        "permissions": {"commenting": True, "liking": True, "following": True},
    }


def _body(request: Request) -> dict[str, Any]:
    if "json" not in request.header("content-type"):
        return {}
    try:
        body = request.json()
    except msgspec.DecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def _tokens(grant: Grant) -> Response:
    return json_response(
        {
            "access_token": grant.access,
            "token_type": "bearer",
            "expires_in": int(TOKEN_LIFE.total_seconds()),
            "refresh_token": grant.refresh,
            "scope": "public",
            "created_at": int(grant.made_at.timestamp()),
        }
    )


def _oauth_error(status: int, error: str, description: str) -> Response:
    return json_response({"error": error, "error_description": description}, status)


def _unknown_client() -> Response:
    return _oauth_error(401, "invalid_client", "Client authentication failed due to unknown client.")
