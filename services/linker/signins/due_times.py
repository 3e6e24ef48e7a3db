"""When something is due: a token's check, its renewal, the next try after a failure. Pure decisions."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from shared.schemas.identifiers import derived_id

CHECK_EVERY: Final = timedelta(days=1)
"""How often a token is checked."""
CHECK_AGAIN: Final = timedelta(hours=1)
"""How soon it is checked again where the check failed."""
SHORTEST: Final = timedelta(minutes=5)
"""No token is renewed more often, however short its life: each renewal uses a refresh token up."""
FIRST_WAIT: Final = timedelta(minutes=1)
LONGEST_WAIT: Final = timedelta(hours=6)
_DOUBLINGS: Final = 10


def renew_at(expires_at: datetime | None, *, now: datetime) -> datetime | None:
    """Return when to renew a token that was issued now: at half its life. None for one that does not expire."""
    if expires_at is None:
        return None
    return now + max((expires_at - now) / 2, SHORTEST)


def wait_after(failures: int, *, asked: timedelta | None = None) -> timedelta:
    """Return how long to leave a token alone after so many failures in a row, at least what was `asked` for."""
    doublings: int = min(max(failures - 1, 0), _DOUBLINGS)
    return max(min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT), asked or timedelta())


def next_try_at(tried_at: Sequence[datetime], *, most: int, window: timedelta) -> datetime | None:
    """Return when one more try would leave at most `most` in any window; `tried_at` is latest first."""
    return None if len(tried_at) < most else tried_at[most - 1] + window


def first_check_at(account_id: str, *, now: datetime) -> datetime:
    """Return when to check a new token: spread out, so that tokens linked together are not checked together."""
    part = int(derived_id("check", account_id)[:8], 16) / 0xFFFFFFFF
    return now + CHECK_EVERY * (1 + part) / 2
