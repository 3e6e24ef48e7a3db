"""A connection that tells an outage of Postgres from other failures.

asyncpg raises plain `OSError` and `TimeoutError` when the server is away. Other code inside a transaction (a call to
another system) raises the same types, so the two can only be told apart here, around the statement itself. asyncpg
raises `InternalClientError` when the server hung up on an idle connection and the next statement comes too early.
"""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, Final, TypeVar, cast

import asyncpg

from shared.errors import UnavailableError

F = TypeVar("F", bound=Callable[..., Awaitable[Any]])


def outage(exc: BaseException) -> UnavailableError:
    """Return the error that callers get while Postgres is away."""
    return UnavailableError(f"Postgres is away ({type(exc).__name__})")


def _translate_outages(call: F) -> F:
    @wraps(call)
    async def translating(connection: "TranslatingConnection", *args: Any, **settings: Any) -> Any:
        try:
            return await call(connection, *args, **settings)
        except (OSError, TimeoutError, asyncpg.InternalClientError) as exc:
            connection.terminate()  # asyncpg would wait for the server to say that it stopped
            raise outage(exc) from exc

    return cast("F", translating)


_Raw: Final = asyncpg.Connection


class TranslatingConnection(asyncpg.Connection):
    """A connection whose statements raise `UnavailableError` when the server is gone or too slow."""

    execute = _translate_outages(_Raw.execute)
    executemany = _translate_outages(_Raw.executemany)
    fetch = _translate_outages(_Raw.fetch)
    fetchrow = _translate_outages(_Raw.fetchrow)
    fetchval = _translate_outages(_Raw.fetchval)
