"""What a service declares about its runs: their kinds, and the result of a page."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import time, timedelta
from typing import Any, Generic, TypeVar

import msgspec

from shared.bus.work import Work
from shared.schemas.runs import Run, RunError

C = TypeVar("C", bound=msgspec.Struct)


async def _no_effect(_work: Work) -> None:
    """Store nothing."""


class Page(msgspec.Struct, Generic[C], frozen=True, kw_only=True):
    """The result of a page; `checkpoint` is where the next one begins, None after the last.

    `done` and `counts` are added to the run's. `effect` stores rows and queues jobs in the transaction that stores the
    checkpoint: once, or never if the run was cancelled meanwhile.
    """

    checkpoint: C | None
    done: int = 0
    total: int | None = None
    counts: Mapping[str, int] = {}
    errors: tuple[RunError, ...] = ()
    effect: Callable[[Work], Awaitable[None]] = _no_effect


class Kind(msgspec.Struct, Generic[C], frozen=True, kw_only=True):
    """A kind of runs. A page must take well under ten minutes. It may be done twice, but its effect is stored once."""

    name: str
    queue: str
    """The queue of its pages: `jobs.<queue>.page`."""
    checkpoint: type[C]
    first: Callable[[Mapping[str, Any]], Awaitable[C]]
    """Returns where a run with these options begins; raises `ConflictError` where none can begin now."""
    step: Callable[[Run, C], Awaitable[Page[C]]]
    begins: timedelta | time | None = None
    """Its schedule, as `shared.schedules` understands it."""
