"""The deliveries of the last seconds: the same bytes within five seconds are one event.

No I/O. Other replicas' deliveries are noted too, as far as they arrive in time (`delivery_exchange`).
"""

import asyncio
from typing import Final

import msgspec

SAME_DELIVERY_S: Final = 5
"""Seconds within which the same bytes are one delivery. Later they are a new one: a second pause looks the same."""

_MOST: Final = 20_000
"""Deliveries of one span that are remembered."""


class SeenDelivery(msgspec.Struct, frozen=True, array_like=True):
    """A delivery: who sent which bytes, and when they first came, in seconds since 1970."""

    key: str
    at: float


class RecentDeliveries:
    """The deliveries of the last seconds, in two generations: forgetting costs nothing, and memory is bounded."""

    def __init__(self) -> None:
        self._young: dict[str, float] = {}
        self._old: dict[str, float] = {}
        self._generation_began = 0.0
        self._new: list[SeenDelivery] = []
        self._has_new = asyncio.Event()

    def first_at(self, key: str, at: float) -> float:
        """Return when this delivery first came: `at` if it is new, or came too long ago."""
        known = self._first_time_of(key)
        if known is not None and _is_near(known, at):
            return known
        self._keep(key, at, now=at)
        if len(self._new) < _MOST:
            self._new.append(SeenDelivery(key, at))
            self._has_new.set()
        return at

    def note(self, taken: SeenDelivery, *, now: float) -> None:
        """Note what another replica received, by its clock; ignored where that clock is wrong."""
        known = self._first_time_of(taken.key)
        if _is_near(taken.at, now) and (known is None or not _is_near(known, now)):
            self._keep(taken.key, taken.at, now=now)

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    async def wait_for_new(self) -> None:
        """Return once something has come that `take_new` has not returned."""
        await self._has_new.wait()

    def take_new(self) -> list[SeenDelivery]:
        """Return what came here first and has not been returned yet."""
        self._has_new.clear()
        new, self._new = self._new, []
        return new

    def _first_time_of(self, key: str) -> float | None:
        return self._young.get(key) or self._old.get(key)

    def _keep(self, key: str, at: float, *, now: float) -> None:
        if not 0 <= now - self._generation_began < SAME_DELIVERY_S or len(self._young) >= _MOST:
            self._old, self._young, self._generation_began = self._young, {}, now
        self._young[key] = at


def _is_near(one: float, other: float) -> bool:
    return abs(one - other) < SAME_DELIVERY_S
