"""When a play happened: as the sender says, if that can be true."""

from datetime import UTC, datetime, timedelta
from typing import Final

from shared.leniency import moment

CLOCK_SKEW: Final = timedelta(minutes=5)
"""How far a sender's clock may be ahead of ours."""

OLDEST: Final = timedelta(days=14)
"""How long a sender may have kept an event back; also how long we keep a webhook."""


def happened_at(*candidates: object, received_at: datetime) -> datetime:
    """Return the first candidate that is a plausible moment, in UTC, else `received_at`."""
    found = (plausible(candidate, received_at=received_at) for candidate in candidates)
    return next((when for when in found if when), received_at)


def plausible(candidate: object, *, received_at: datetime) -> datetime | None:
    """Return a moment in UTC, None if it cannot be true."""
    when = moment(candidate)
    if when is None or not received_at - OLDEST <= when <= received_at + CLOCK_SKEW:
        return None
    return when.astimezone(UTC)
