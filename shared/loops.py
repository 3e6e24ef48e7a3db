"""What a service does again and again. A round that fails ends neither the loop nor the service."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import structlog

from shared.errors import UsherError
from shared.mishaps import Contained

AT_ONCE: Final = timedelta()
"""The pause that a step returns where there is more to do."""
_AFTER_FAILURE: Final = timedelta(seconds=1)
"""No failed round is repeated sooner, even where `wake` asks for it."""

log = structlog.get_logger()
Step = Callable[[], Awaitable[timedelta | None]]


async def every(interval: timedelta, step: Step, *, name: str, wake: asyncio.Event | None = None) -> None:
    """Do a step now and after each `interval`, until cancelled; `wake` ends a pause early.

    A step may return another pause than the interval. What it raises is logged with the loop's `name`: errors that
    Usher has a class for as warnings, bugs as errors.
    """
    wake = wake or asyncio.Event()
    while True:
        wake.clear()
        pause = await _round(step, interval, name)
        if pause is None:
            pause = interval
            await asyncio.sleep(min(interval, _AFTER_FAILURE).total_seconds())
        await _wait(pause, wake)


async def _round(step: Step, interval: timedelta, name: str) -> timedelta | None:
    """Return how long to pause; None after a failure."""
    with Contained("loop_failed", loop=name):
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
