"""How long the next try to log in has to wait. No lock for good: whoever waits may try again.

The first tries are free; from then on each one that fails doubles the wait, up to a few minutes.
"""

import ipaddress
from datetime import datetime, timedelta
from typing import Final

WINDOW: Final = timedelta(minutes=15)
"""Tries that failed longer ago count no more."""
FREE_OF_ACCOUNT: Final = 5
FREE_OF_ADDRESS: Final = 20
_FIRST: Final = timedelta(seconds=15)
_LONGEST: Final = timedelta(minutes=5)
_DOUBLINGS: Final = 10


def wait(failures: int, last_at: datetime | None, *, free: int, now: datetime) -> timedelta:
    """Return how long to wait still, given how many failed within the window and when the last one did."""
    if failures < free or last_at is None:
        return timedelta(0)
    doublings: int = min(failures - free, _DOUBLINGS)
    pause = min(_FIRST * (1 << doublings), _LONGEST)
    return max(last_at + pause - now, timedelta(0))


def network(address: str) -> str:
    """Return what counts as one address: of IPv6 the first 64 bits, for a house has all the others."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
