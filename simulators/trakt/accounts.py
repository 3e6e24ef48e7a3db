"""Trakt's accounts, open device codes and tokens."""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from simulators.determinism import Clock, Ids

CODE_LIFE: Final = timedelta(minutes=10)
TOKEN_LIFE: Final = timedelta(days=7)
_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A user of Trakt."""

    slug: str
    uuid: str
    is_vip: bool = False


class Device(msgspec.Struct, kw_only=True):
    """A device that waits for someone to type its code."""

    code: str
    user_code: str
    made_at: datetime
    asked_at: datetime | None = None
    account: str | None = None
    is_denied: bool = False
    is_used: bool = False


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """A pair of tokens."""

    account: str
    access: str
    refresh: str
    made_at: datetime


class Accounts:
    """The accounts, codes and tokens that both hosts share."""

    def __init__(self, clock: Clock, ids: Ids) -> None:
        self.clock = clock
        self._ids = ids
        self.client_id = ids.hexadecimal("client")
        self.client_secret = ids.hexadecimal("client secret")
        self.by_slug: dict[str, Account] = {}
        self.locked: set[str] = set()
        self.has_vip = True
        """Whether the application's owner has VIP; without it, Trakt answers calls with 426."""
        self.devices: dict[str, Device] = {}
        self._grants: dict[str, Grant] = {}

    def add(self, slug: str, *, is_vip: bool = False) -> Account:
        """Add an account."""
        account = Account(slug=slug, uuid=self._ids.hexadecimal("account", 40), is_vip=is_vip)
        self.by_slug[slug] = account
        return account

    def begin(self) -> Device:
        """Create a pair of codes."""
        user_code = self._ids.letters("user code", 8, _LETTERS)
        device = Device(code=self._ids.hexadecimal("device"), user_code=user_code, made_at=self.clock.now())
        self.devices[device.code] = device
        return device

    def approve(self, user_code: str, account: Account) -> None:
        """Let someone type a code and agree; raises `LookupError` if the code expired, is taken or unknown."""
        self._waiting(user_code).account = account.slug

    def deny(self, user_code: str) -> None:
        """Let someone type a code and refuse; raises `LookupError` like `approve`."""
        self._waiting(user_code).is_denied = True

    def _waiting(self, user_code: str) -> Device:
        for device in self.devices.values():
            is_open = device.account is None and not device.is_denied and not self.is_over(device)
            if device.user_code == user_code.upper() and is_open:
                return device
        raise LookupError(f"nobody waits for the code {user_code}")

    def is_over(self, device: Device) -> bool:
        """Tell whether a code has expired."""
        return self.clock.now() - device.made_at >= CODE_LIFE

    def grant(self, slug: str) -> Grant:
        """Return a new pair of tokens."""
        access, refresh = self._ids.hexadecimal("access"), self._ids.hexadecimal("refresh")
        grant = Grant(account=slug, access=access, refresh=refresh, made_at=self.clock.now())
        self._grants[access] = grant
        return grant

    def refresh(self, refresh: str) -> Grant | None:
        """Return a new pair for a refresh token, which is valid once; the old access token is revoked with it."""
        old = next((grant for grant in self._grants.values() if grant.refresh == refresh), None)
        if old is None:
            return None
        del self._grants[old.access]
        return self.grant(old.account)

    def revoke(self, token: str) -> None:
        """Revoke a pair of tokens, given either."""
        self._grants = {key: each for key, each in self._grants.items() if token not in {each.access, each.refresh}}

    def holder(self, access: str) -> Account | None:
        """Return the account of a valid access token."""
        grant = self._grants.get(access)
        is_alive = grant is not None and self.clock.now() - grant.made_at < TOKEN_LIFE
        return self.by_slug[grant.account] if grant is not None and is_alive else None
