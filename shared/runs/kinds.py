"""What a service says of its runs: their kinds, and what the page of a run gives back."""

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
    """What came of a page; `checkpoint` is where the next one begins, None where this was the last.

    `done` and `counts` are added to the run's. `effect` is what the page stores and gives to do: it happens together
    with the checkpoint, once, or, where the run was cancelled meanwhile, never.
    """

    checkpoint: C | None
    done: int = 0
    total: int | None = None
    counts: Mapping[str, int] = {}
    errors: tuple[RunError, ...] = ()
    effect: Callable[[Work], Awaitable[None]] = _no_effect


class Kind(msgspec.Struct, Generic[C], frozen=True, kw_only=True):
    """A kind of runs. A page must take well under ten minutes, and may be done twice before its effect is stored."""

    name: str
    queue: str
    """Where its pages wait: `jobs.<queue>.page`."""
    checkpoint: type[C]
    first: Callable[[Mapping[str, Any]], Awaitable[C]]
    """Returns where a run with these options begins; raises what says that there can be none now."""
    step: Callable[[Run, C], Awaitable[Page[C]]]
    begins: timedelta | time | None = None
    """Its schedule, as `shared.schedules` understands it."""
