"""How long the next try to log in has to wait. No lock for good: whoever waits may try again.

The first tries are free; from then on each one that fails doubles the wait, up to a few minutes. Who failed waits for
what they did themselves. What others did to an account counts only for addresses that it was never let in from, after
a few tries of their own: so guessing from many addresses has a limit, and nobody locks an account's owner out.
"""

import ipaddress
from datetime import datetime, timedelta
from typing import Final

import msgspec

WINDOW: Final = timedelta(minutes=15)
"""Tries that failed longer ago double no wait."""
DAY: Final = timedelta(days=1)
"""Tries that failed longer ago count no more at all."""
KNOWN_FOR: Final = timedelta(days=90)
"""An address stays known for so long after it was let in."""
MOST_KNOWN: Final = 100
MOST_TRIES: Final = 100_000
"""On record, whatever comes from however many addresses."""
FREE_OF_ACCOUNT: Final = 5
FREE_OF_ADDRESS: Final = 20
FREE_OF_STRANGERS: Final = 10
TRIES_OF_STRANGER: Final = 3
"""A day, whatever others do."""
TRIES_OF_AREA: Final = 30
MOST_STRANGERS: Final = 300
"""Addresses a day and an account: from then on even a first try of another one waits for what all of them did."""
_FIRST: Final = timedelta(seconds=15)
_LONGEST: Final = timedelta(minutes=5)
_DOUBLINGS: Final = 10
_HOUSE: Final = 64
_AREA: Final = 48


class Failures(msgspec.Struct, frozen=True):
    """How many tries failed, and when the last one did."""

    count: int = 0
    last_at: datetime | None = None


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What is on record of an account and an address when somebody tries to log in."""

    own: Failures
    """Of the account from this address, within the window."""
    address: Failures
    """Of any accounts from this address, within the window."""
    strangers: Failures
    """Of the account from all addresses that it was never let in from, within a day."""
    own_today: int = 0
    area_today: int = 0
    addresses_today: int = 0
    """From how many such addresses."""
    is_known: bool = False
    """The account was let in from this address before."""

    @property
    def last_at(self) -> datetime | None:
        """When the last of all these tries was."""
        return max((each.last_at for each in (self.own, self.address, self.strangers) if each.last_at), default=None)


def pause(record: Record, *, now: datetime) -> timedelta:
    """Return how long the next try has to wait still."""
    waits = [
        wait(record.own, free=FREE_OF_ACCOUNT, now=now),
        wait(record.address, free=FREE_OF_ADDRESS, now=now),
    ]
    if _shares(record):
        waits.append(wait(record.strangers, free=FREE_OF_STRANGERS, now=now))
    return max(waits)


def _shares(record: Record) -> bool:
    """Say whether what all strangers did counts for this one."""
    return not record.is_known and (
        record.own_today >= TRIES_OF_STRANGER
        or record.area_today >= TRIES_OF_AREA
        or record.addresses_today >= MOST_STRANGERS
    )


def wait(failures: Failures, *, free: int, now: datetime) -> timedelta:
    """Return how long to wait still for what failed."""
    if failures.count < free or failures.last_at is None:
        return timedelta(0)
    doublings: int = min(failures.count - free, _DOUBLINGS)
    return max(failures.last_at + min(_FIRST * (1 << doublings), _LONGEST) - now, timedelta(0))


def network(address: str) -> str:
    """Return what counts as one address: of IPv6 the first 64 bits, for a house has all the others."""
    return _prefix(address, _HOUSE)


def area(address: str) -> str:
    """Return what may be one owner's: of IPv6 the first 48 bits."""
    return _prefix(address, _AREA)


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
