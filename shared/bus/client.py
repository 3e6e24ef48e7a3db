"""nats-py's client, with working cancellation.

nats-py waits with `asyncio.wait_for`. Before Python 3.12 that loses a cancellation that arrives together with the
result (https://github.com/python/cpython/issues/86296): the task goes on, and whoever cancelled it waits for ever.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from nats.aio import client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

_AGAIN_S: Final = 0.05


class Client(client.Client):
    """Raises `CancelledError` whenever the task was cancelled during a call."""

    async def connect(self, *args: Any, **options: Any) -> None:
        """See nats-py, which keeps trying for ever when a cancellation arrives together with a refusal."""
        connecting = asyncio.create_task(super().connect(*args, **options))
        try:
            await asyncio.wait([connecting])
        except asyncio.CancelledError:
            while not connecting.done():
                connecting.cancel()
                await asyncio.wait([connecting], timeout=_AGAIN_S)
            if not connecting.cancelled():
                connecting.exception()  # looked at, so that nobody is told of it
            raise
        connecting.result()

    async def flush(self, *args: Any, **options: Any) -> None:
        """See nats-py."""
        with _heeding_cancellation():
            await super().flush(*args, **options)

    async def publish(self, *args: Any, **options: Any) -> None:
        """See nats-py."""
        with _heeding_cancellation():
            await super().publish(*args, **options)

    async def request(self, *args: Any, **options: Any) -> Msg:
        """See nats-py."""
        with _heeding_cancellation():
            return await super().request(*args, **options)

    async def subscribe(self, *args: Any, **options: Any) -> Subscription:
        """See nats-py."""
        with _heeding_cancellation():
            return await super().subscribe(*args, **options)


@contextmanager
def _heeding_cancellation() -> Iterator[None]:
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    try:
        yield
    finally:
        if task and task.cancelling() > before:
            raise asyncio.CancelledError
