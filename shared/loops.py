"""What a service does again and again. A round that fails ends neither the loop nor the service."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import structlog

from shared.error_boundary import ErrorBoundary
from shared.errors import UsherError

AT_ONCE: Final = timedelta()
"""The pause that a step returns where there is more to do."""
_AFTER_FAILURE: Final = timedelta(seconds=1)
"""The shortest pause after a failure, even if `wake` is set."""

log = structlog.get_logger()
Step = Callable[[], Awaitable[timedelta | None]]


async def every(interval: timedelta, step: Step, *, name: str, wake: asyncio.Event | None = None) -> None:
    """Run a step now and after each `interval`, until cancelled; `wake` ends a pause early.

    A step may return another pause than the interval. What it raises is logged with the loop's `name`: a `UsherError`
    as a warning, a bug as an error.
    """
    wake = wake or asyncio.Event()
    while True:
        wake.clear()
        pause = await _run_step(step, interval, name)
        if pause is None:
            pause = interval
            await asyncio.sleep(min(interval, _AFTER_FAILURE).total_seconds())
        await _wait(pause, wake)


async def _run_step(step: Step, interval: timedelta, name: str) -> timedelta | None:
    """Return how long to pause, or None after a failure."""
    with ErrorBoundary("loop_failed", loop=name):
        try:
            pause = await step()
        except UsherError as exc:
            log.warning("loop_waits", loop=name, reason=exc.detail)
        else:
            return interval if pause is None else pause
    return None


async def _wait(pause: timedelta, wake: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(pause.total_seconds()):
            await wake.wait()
    except TimeoutError:
        return
