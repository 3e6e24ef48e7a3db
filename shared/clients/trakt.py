"""Trakt: the device flow, tokens that live for a week and are renewed once, and their accounts.

https://docs.trakt.tv and the contracts of https://github.com/trakt/trakt-api. OAuth has a host of its own.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal

import httpx
import msgspec

from shared.clients.api import Api, decode_or
from shared.clients.trakt_application import OAuthError, application_refusal, refusal
from shared.errors import UsherError
from shared.http.calls import RefusedError, decode, retry_after
from shared.http.client import user_agent
from shared.http.upstream import Upstream
from shared.leniency import text
from shared.schemas.secret import Secret

API_URL: Final = "https://api.trakt.tv"
AUTH_URL: Final = "https://auth.trakt.tv"

_NO_BROWSER: Final = "urn:ietf:wg:oauth:2.0:oob"


class RefreshRefusedError(RefusedError):
    """The refresh token was used already or revoked: the person has to link again."""

    title = "Link Trakt again"


class DeviceCode(msgspec.Struct, frozen=True, kw_only=True):
    """The person types `user_code` at `verification_url`; we poll with `device_code`, at most once each `interval`."""

    device_code: Secret
    user_code: str
    verification_url: str
    expires_in: timedelta
    interval: timedelta


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """Both tokens of an account; using `refresh`, which works once, replaces both."""

    access: Secret
    refresh: Secret
    created_at: datetime
    expires_at: datetime

    @property
    def renew_at(self) -> datetime:
        """Return half of their lifetime."""
        return self.created_at + (self.expires_at - self.created_at) / 2


class Pending(msgspec.Struct, frozen=True):
    """The person has not decided yet."""


class SlowDown(msgspec.Struct, frozen=True):
    """We polled too often; Trakt may say how long to wait."""

    wait: timedelta | None


class Ended(msgspec.Struct, frozen=True):
    """The code is useless: unknown, used before, expired, or denied by the person."""

    reason: Literal["unknown", "used", "expired", "denied"]


Poll = Tokens | Pending | SlowDown | Ended


class Account(msgspec.Struct, frozen=True):
    """The account of a token; `id` stays when the user name changes."""

    id: str
    username: str


class Trakt:
    """Calls Trakt as one registered application."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        upstream: Upstream,
        *,
        client_id: str,
        client_secret: Secret,
        api_url: str = API_URL,
        auth_url: str = AUTH_URL,
    ) -> None:
        self._application = {"client_id": client_id, "client_secret": client_secret}
        headers = {"User-Agent": user_agent(), "trakt-api-version": "2", "trakt-api-key": client_id}
        self._api = Api(http, upstream, url=api_url, headers=headers, explain=self._explain)
        self._auth = Api(http, upstream, url=auth_url, headers=headers, explain=self._explain)

    async def device_code(self) -> DeviceCode:
        """Begin a sign-in."""
        body = {"client_id": self._application["client_id"]}
        wire = await self._auth.ask("POST", "/oauth/device/code", _DeviceCode, body=body, explain=application_refusal)
        return DeviceCode(
            device_code=Secret(wire.device_code),
            user_code=wire.user_code,
            verification_url=wire.verification_url,
            expires_in=timedelta(seconds=wire.expires_in),
            interval=timedelta(seconds=max(1, wire.interval)),
        )

    async def device_token(self, device_code: Secret) -> Poll:
        """Ask once whether the person has decided."""
        response = await self._auth.send(
            "POST",
            "/oauth/device/token",
            body={"code": device_code, **self._application},
            explain=application_refusal,
            expects=_POLLS,
        )
        if (poll := _POLLS.get(response.status_code)) is not None:
            return _slow_down(response, now=datetime.now(UTC)) if isinstance(poll, SlowDown) else poll
        return decode(response, _Tokens, api=self._auth.name, strict=False).tokens()

    async def refresh(self, refresh_token: Secret) -> Tokens:
        """Return new tokens; the given one stops working, whether or not the answer arrives.

        Raises `RefreshRefusedError` if it was used before. Only one caller may do this for an account at a time.
        """
        wire = await self._auth.ask(
            "POST",
            "/oauth/token",
            _Tokens,
            body={
                "refresh_token": refresh_token,
                "grant_type": "refresh_token",
                "redirect_uri": _NO_BROWSER,
                **self._application,
            },
            explain=_refusal_of,
        )
        return wire.tokens()

    async def revoke(self, access_token: Secret) -> None:
        """Revoke an account's tokens."""
        await self._auth.send("POST", "/oauth/revoke", body={"token": access_token, **self._application})

    async def account(self, access_token: Secret) -> Account:
        """Return the account of the token."""
        bearer = Secret(f"Bearer {access_token.reveal()}")
        wire = await self._api.ask("GET", "/users/settings", _Settings, headers={"Authorization": bearer})
        name = text(wire.user.username) or ""
        account_id = wire.user.ids.uuid or wire.user.ids.slug or name
        if not account_id:
            raise RefusedError(f"{self._api.name} does not say who the token belongs to")
        return Account(id=account_id, username=name or account_id)

    def _explain(self, response: httpx.Response) -> UsherError | None:
        return refusal(self._api.name, response)


_POLLS: Final[Mapping[int, Pending | SlowDown | Ended]] = {
    400: Pending(),
    404: Ended("unknown"),
    409: Ended("used"),
    410: Ended("expired"),
    418: Ended("denied"),
    429: SlowDown(wait=None),
}

_Seconds = Annotated[int, msgspec.Meta(ge=0, le=2**32)]


class _DeviceCode(msgspec.Struct, frozen=True):
    device_code: str
    user_code: str
    verification_url: str
    expires_in: _Seconds
    interval: _Seconds = 5


class _Tokens(msgspec.Struct, frozen=True):
    access_token: str
    refresh_token: str
    expires_in: _Seconds
    created_at: _Seconds | None = None

    def tokens(self) -> Tokens:
        created_at = datetime.now(UTC) if self.created_at is None else datetime.fromtimestamp(self.created_at, tz=UTC)
        return Tokens(
            access=Secret(self.access_token),
            refresh=Secret(self.refresh_token),
            created_at=created_at,
            expires_at=created_at + timedelta(seconds=self.expires_in),
        )


class _Ids(msgspec.Struct, frozen=True):
    slug: str | None = None
    uuid: str | None = None


class _User(msgspec.Struct, frozen=True):
    username: str | None = None
    ids: _Ids = _Ids()


class _Settings(msgspec.Struct, frozen=True):
    user: _User


def _slow_down(response: httpx.Response, *, now: datetime) -> SlowDown:
    return SlowDown(wait=retry_after(response.headers.get("Retry-After", ""), now=now))


def _refusal_of(response: httpx.Response) -> UsherError | None:
    if response.status_code not in {httpx.codes.BAD_REQUEST, httpx.codes.UNAUTHORIZED}:
        return None
    if decode_or(response, OAuthError, otherwise=OAuthError()).error == "invalid_grant":
        return RefreshRefusedError("Trakt ended the connection; link the account again", answered=400)
    return application_refusal(response)
