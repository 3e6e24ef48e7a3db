"""A connection that says by itself when Postgres is away.

asyncpg raises plain `OSError` and `TimeoutError` for it, and so does other code that runs inside of a transaction (a
call to another system). Which of the two it was is known here only, where the call is made. It raises
`InternalClientError` where the server hung up on an idle connection and the next statement comes before it has heard
all of that.
"""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, Final, TypeVar, cast

import asyncpg

from shared.errors import UnavailableError

F = TypeVar("F", bound=Callable[..., Awaitable[Any]])


def away(exc: BaseException) -> UnavailableError:
    """Return what callers are told of an outage."""
    return UnavailableError(f"Postgres is away ({type(exc).__name__})")


def _told(call: F) -> F:
    @wraps(call)
    async def told(connection: "Telling", *args: Any, **settings: Any) -> Any:
        try:
            return await call(connection, *args, **settings)
        except (OSError, TimeoutError, asyncpg.InternalClientError) as exc:
            connection.terminate()  # asyncpg would wait for the server to say that it stopped
            raise away(exc) from exc

    return cast("F", told)


_Raw: Final = asyncpg.Connection


class Telling(asyncpg.Connection):
    """A connection whose statements raise `UnavailableError` where the server is gone or too slow."""

    execute = _told(_Raw.execute)
    executemany = _told(_Raw.executemany)
    fetch = _told(_Raw.fetch)
    fetchrow = _told(_Raw.fetchrow)
    fetchval = _told(_Raw.fetchval)
