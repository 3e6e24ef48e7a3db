"""The rate limit of logins: how long the next attempt has to wait. Nobody is locked out for good.

The first attempts are free; after them each failure doubles the wait, up to a few minutes. People wait for their own
failures. The failures of others on an account count only for addresses from which it has never logged in, after a few
attempts of their own: so guessing from many addresses has a limit, and nobody can lock an account's owner out.
"""

import ipaddress
from datetime import datetime, timedelta
from typing import Final

import msgspec

WINDOW: Final = timedelta(minutes=15)
"""Older failures do not double the wait."""
DAY: Final = timedelta(days=1)
"""Older failures do not count at all."""
KNOWN_FOR: Final = timedelta(days=90)
"""An address stays known for so long after a login."""
MOST_KNOWN: Final = 100
MOST_ATTEMPTS: Final = 100_000
"""On record, whatever comes from however many addresses."""
FREE_OF_ACCOUNT: Final = 5
FREE_OF_ADDRESS: Final = 20
FREE_OF_STRANGERS: Final = 10
ATTEMPTS_OF_STRANGER: Final = 3
"""A day, whatever others do."""
ATTEMPTS_OF_AREA: Final = 30
MOST_STRANGERS: Final = 300
"""Addresses a day and an account: beyond them even a first attempt of a new one waits for what all of them did."""
_FIRST: Final = timedelta(seconds=15)
_LONGEST: Final = timedelta(minutes=5)
_DOUBLINGS: Final = 10
_NETWORK_BITS: Final = 64
_AREA_BITS: Final = 48


class Failures(msgspec.Struct, frozen=True):
    """How many attempts failed, and when the last one did."""

    count: int = 0
    last_at: datetime | None = None


class AttemptCounts(msgspec.Struct, frozen=True, kw_only=True):
    """The failures of an account and an address when somebody tries to log in."""

    own: Failures
    """Of the account from this address, within the window."""
    address: Failures
    """Of any accounts from this address, within the window."""
    strangers: Failures
    """Of the account from all addresses from which it has never logged in, within a day."""
    own_today: int = 0
    area_today: int = 0
    addresses_today: int = 0
    """From how many such addresses."""
    is_known: bool = False
    """The account has logged in from this address before."""

    @property
    def last_at(self) -> datetime | None:
        """When the last of all these attempts was."""
        return max((each.last_at for each in (self.own, self.address, self.strangers) if each.last_at), default=None)


def remaining_wait(counts: AttemptCounts, *, now: datetime) -> timedelta:
    """Return how long the next attempt still has to wait."""
    waits = [
        wait(counts.own, free=FREE_OF_ACCOUNT, now=now),
        wait(counts.address, free=FREE_OF_ADDRESS, now=now),
    ]
    if _counts_strangers(counts):
        waits.append(wait(counts.strangers, free=FREE_OF_STRANGERS, now=now))
    return max(waits)


def _counts_strangers(counts: AttemptCounts) -> bool:
    """Say whether the failures of all strangers count for this one."""
    return not counts.is_known and (
        counts.own_today >= ATTEMPTS_OF_STRANGER
        or counts.area_today >= ATTEMPTS_OF_AREA
        or counts.addresses_today >= MOST_STRANGERS
    )


def wait(failures: Failures, *, free: int, now: datetime) -> timedelta:
    """Return how long these failures still make somebody wait."""
    if failures.count < free or failures.last_at is None:
        return timedelta(0)
    doublings: int = min(failures.count - free, _DOUBLINGS)
    return max(failures.last_at + min(_FIRST * (1 << doublings), _LONGEST) - now, timedelta(0))


def network(address: str) -> str:
    """Return what counts as one address: of IPv6 the first 64 bits, because a house has all the others."""
    return _prefix(address, _NETWORK_BITS)


def area(address: str) -> str:
    """Return what may belong to one owner: of IPv6 the first 48 bits."""
    return _prefix(address, _AREA_BITS)


def _prefix(address: str, length: int) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, ipaddress.IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(parsed), length), strict=False))
