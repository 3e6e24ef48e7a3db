"""A loop continues, whatever goes wrong in one step."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

from structlog.testing import capture_logs

from shared.errors import UnavailableError
from shared.loops import AT_ONCE, every

NEVER, SOON = timedelta(days=1), timedelta(milliseconds=1)


class Rounds:
    """A step that does as its script says: raise, or return a pause; at the script's end it sets `are_over`."""

    def __init__(self, *script: Exception | timedelta | None) -> None:
        self._script: Iterator[Exception | timedelta | None] = iter(script)
        self.are_over = asyncio.Event()

    async def __call__(self) -> timedelta | None:
        try:
            match next(self._script):
                case Exception() as error:
                    raise error
                case pause:
                    return pause
        except StopIteration:
            self.are_over.set()
            return NEVER


async def run(rounds: Rounds, *, interval: timedelta = SOON, wake: asyncio.Event | None = None) -> None:
    running = asyncio.create_task(every(interval, rounds, name="test", wake=wake))
    async with asyncio.timeout(10):
        await rounds.are_over.wait()
    running.cancel()


async def test_what_is_expected_to_fail_is_a_warning_and_a_bug_is_an_error_and_the_loop_goes_on() -> None:
    with capture_logs() as lines:
        await run(Rounds(UnavailableError("Postgres is away"), ValueError("a bug"), None))

    assert lines == [
        {"event": "loop_waits", "loop": "test", "reason": "Postgres is away", "log_level": "warning"},
        {"event": "loop_failed", "loop": "test", "error": "ValueError", "reason": "a bug", "log_level": "error"},
    ]


async def test_a_step_says_how_long_to_pause() -> None:
    await run(Rounds(AT_ONCE, AT_ONCE), interval=NEVER)


async def test_who_is_waited_for_ends_a_pause() -> None:
    wake = asyncio.Event()
    rounds = Rounds(None)
    running = asyncio.create_task(run(rounds, interval=NEVER, wake=wake))
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    wake.set()

    await running
