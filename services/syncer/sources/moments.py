"""When a play happened: the sender's word for it, where that can be true."""

from datetime import UTC, datetime, timedelta
from typing import Final

from shared.leniency import moment

CLOCK_SKEW: Final = timedelta(minutes=5)
"""How far a sender's clock may be ahead of ours."""

OLDEST: Final = timedelta(days=14)
"""How long a sender may have kept an event back; also how long we keep a webhook."""


def happened_at(*candidates: object, received_at: datetime) -> datetime:
    """Return the first candidate that is a plausible moment, in UTC, else `received_at`."""
    for candidate in candidates:
        when = moment(candidate)
        if when is not None and received_at - OLDEST <= when <= received_at + CLOCK_SKEW:
            return when.astimezone(UTC)
    return received_at
