"""What came of reading one part of a page: one dead service leaves the rest of the page as it is."""

from collections.abc import Awaitable
from typing import Generic, TypeVar

import msgspec

from shared.errors import UsherError

T = TypeVar("T")


class Outcome(msgspec.Struct, Generic[T], frozen=True):
    """What was read, or what failed: one of them is None."""

    value: T | None = None
    error: UsherError | None = None


async def outcome_of(reading: Awaitable[T]) -> Outcome[T]:
    """Wait for what is read, and keep its failure."""
    try:
        return Outcome(value=await reading)
    except UsherError as exc:
        return Outcome(error=exc)
