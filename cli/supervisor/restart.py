"""When to restart a program that has died, and when to give up: a pure decision."""

from collections.abc import Sequence
from typing import NamedTuple


class Limits(NamedTuple):
    """Pauses double from the first to the longest; more than `deaths` within the span are too many."""

    first_pause_s: float = 0.2
    longest_pause_s: float = 5.0
    deaths: int = 10
    within_s: float = 60.0


def pause_s(deaths: Sequence[float], *, now: float, limits: Limits) -> float | None:
    """Return how long to wait after the last of these deaths, in seconds; None to give up."""
    recent = sum(1 for died_at in deaths if now - died_at < limits.within_s)
    if recent > limits.deaths:
        return None
    return min(limits.first_pause_s * 2.0 ** max(recent - 1, 0), limits.longest_pause_s)
