"""plex.tv's PINs: bound to the client that asked, unclaimed until someone signs in, and valid for a limited time."""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from simulators.determinism import Clock, Ids
from simulators.plex_tv.accounts import Accounts, PlexAccount

STRONG_LIFE: Final = timedelta(seconds=1800)
SHORT_LIFE: Final = timedelta(seconds=900)
_SHORT_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_STRONG_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789"


class Pin(msgspec.Struct, frozen=True, kw_only=True):
    """One PIN; it has a `token` once someone claimed it."""

    id: int
    code: str
    client_id: str
    product: str
    created_at: datetime
    expires_at: datetime
    token: str | None = None
    is_denied: bool = False


class Pins:
    """The PINs that plex.tv knows; expired ones are forgotten."""

    def __init__(self, accounts: Accounts, clock: Clock, ids: Ids) -> None:
        self._accounts = accounts
        self._clock = clock
        self._ids = ids
        self._pins: dict[int, Pin] = {}

    def make(self, *, client_id: str, product: str, is_strong: bool) -> Pin:
        """Make a PIN: a long code for the page at app.plex.tv, or four characters to type at plex.tv/link."""
        letters, length = (_STRONG_LETTERS, 25) if is_strong else (_SHORT_LETTERS, 4)
        now = self._clock.now()
        pin = Pin(
            id=self._ids.number("pin", first=1_174_342_418),
            code=self._ids.letters("pin", length, letters),
            client_id=client_id,
            product=product,
            created_at=now,
            expires_at=now + (STRONG_LIFE if is_strong else SHORT_LIFE),
        )
        self._pins[pin.id] = pin
        return pin

    def find(self, pin_id: int) -> Pin | None:
        """Return a PIN unless it has expired."""
        pin = self._pins.get(pin_id)
        return pin if pin is not None and self._clock.now() < pin.expires_at else None

    def with_code(self, code: str) -> Pin | None:
        """Return the open PIN with this code, ignoring case."""
        return next((pin for pin in self.open() if pin.code.lower() == code.lower()), None)

    def open(self) -> list[Pin]:
        """Return the PINs that have not expired."""
        return [pin for pin in self._pins.values() if self._clock.now() < pin.expires_at]

    def claim(self, pin_id: int, account: PlexAccount) -> str:
        """Claim a PIN as the web page does for a signed-in user; the token is new, and valid until revoked.

        Raises `LookupError` if the PIN has expired, or was claimed or refused.
        """
        pin = self.find(pin_id)
        if pin is None or pin.token is not None or pin.is_denied:
            raise LookupError(f"there is no PIN {pin_id} to claim")
        token = self._accounts.sign_in(account)
        self._pins[pin_id] = msgspec.structs.replace(pin, token=token)
        return token

    def deny(self, pin_id: int) -> None:
        """Refuse a PIN at the web page: its client does not notice, the PIN just stays unclaimed until it expires."""
        self._pins[pin_id] = msgspec.structs.replace(self._pins[pin_id], is_denied=True)
