"""Lets methods be Litestar's handlers and guards.

Litestar copies its routers deeply, and with a method it would copy all that the method belongs to: pools, connections.
Functions it leaves alone.
"""

import functools
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def free(method: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
    """Return a function that does what a method does."""

    @functools.wraps(method)
    async def function(*args: P.args, **kwargs: P.kwargs) -> R:
        return await method(*args, **kwargs)

    return function
