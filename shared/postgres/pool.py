"""The connection pool of a service, in its own schema, and the translation of outages into `UnavailableError`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, TypeAlias

import asyncpg
import stamina
import structlog

from shared.errors import UnavailableError
from shared.postgres.connection import TranslatingConnection, outage
from shared.schemas.secret import Secret
from shared.settings import SettingsError

# In quotes: asyncpg's classes are generic for type checkers only.
Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record] | asyncpg.Connection[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

OUTAGE_ERRORS: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InsufficientResourcesError,  # its disk or memory is full, or it has too many connections
    asyncpg.PostgresSystemError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.ReadOnlySQLTransactionError,
)
"""What asyncpg, and nobody else, raises where Postgres is away, is starting, or asks to try the transaction again."""
POSSIBLE_OUTAGE_ERRORS: Final = (*OUTAGE_ERRORS, OSError, TimeoutError, asyncpg.InterfaceError)
"""The same with what a call of asyncpg's can raise for it and other code raises for other reasons."""

INTERRUPTIONS: Final = (asyncio.CancelledError, TimeoutError)
ACQUIRE_S: Final = 5.0
_IDLE_S: Final = 3.0
"""A backend holds 2 to 5 MiB, and a new one takes some milliseconds to open. Now and then two loops meet and use two;
the second is not kept until they meet again."""

log = structlog.get_logger()


@asynccontextmanager
async def connect(url: Secret, *, schema: str, size: int = 4, wait: bool = True) -> AsyncIterator[Pool]:
    """Open a pool whose connections see `schema` first; wait for Postgres with backoff, and log it.

    With `wait` false, nothing is opened before it is needed. Idle connections are closed soon, so that an idle Usher
    keeps few backends.
    """
    pool = await (_open(url, schema, size) if wait else _create(url, schema, size, at_once=0))
    try:
        yield pool
    finally:
        await _close(pool)


@stamina.retry(on=POSSIBLE_OUTAGE_ERRORS, attempts=None, timeout=None, wait_initial=0.1, wait_max=5)
async def _open(url: Secret, schema: str, size: int) -> Pool:
    return await _create(url, schema, size, at_once=1)


async def _create(url: Secret, schema: str, size: int, *, at_once: int) -> Pool:
    try:
        return await _pool(url, schema, size, at_once=at_once)
    except asyncpg.ClientConfigurationError as exc:
        raise SettingsError("DATABASE_URL is malformed: expected an address that begins with postgresql://") from exc


async def _pool(url: Secret, schema: str, size: int, *, at_once: int) -> Pool:
    return await asyncpg.create_pool(
        url.reveal(),
        min_size=0,  # with a floor, asyncpg restores it behind our back and logs each failure with its traceback
        init_size=at_once,
        max_size=size,
        max_inactive_connection_lifetime=_IDLE_S,
        timeout=5,
        command_timeout=25,
        reset=_nothing,
        connection_class=TranslatingConnection,
        server_settings={"search_path": f"{schema},public", "application_name": f"usher-{schema}"},
    )


async def _nothing(_connection: Connection) -> None:
    """Reset nothing: no code changes a connection's settings, holds its locks or listens outside a transaction.

    asyncpg's own reset is a round trip after each use, as expensive as a short statement.
    """


async def _close(pool: Pool) -> None:
    try:
        async with asyncio.timeout(2):
            await pool.close()
    except TimeoutError:
        pool.terminate()


@asynccontextmanager
async def translate_outages() -> AsyncIterator[None]:
    """Turn an outage of Postgres into `UnavailableError`; only for a block that does nothing but call Postgres."""
    try:
        yield
    except POSSIBLE_OUTAGE_ERRORS as exc:
        raise outage(exc) from exc


@asynccontextmanager
async def acquire(pool: Pool, *, within_s: float = ACQUIRE_S) -> AsyncIterator[Connection]:
    """Acquire a connection of the pool; without a transaction, each statement is one of its own.

    Raises `UnavailableError` when Postgres is away. Other errors of the block, such as another system's timeout, come
    out unchanged.

    A connection whose block was interrupted (cancelled, or too late) is thrown away. asyncpg would ask the server to
    stop and wait for its answer; a frozen server gives none, and would keep us from shutting down.
    """
    async with translate_outages():
        connection = await pool.acquire(timeout=within_s)
    try:
        yield connection
    except OUTAGE_ERRORS as exc:
        raise outage(exc) from exc
    except asyncpg.InterfaceError as exc:
        if _is_open(connection):
            raise  # a mistake of ours, such as an argument too few
        raise outage(exc) from exc
    except INTERRUPTIONS:
        if _is_open(connection):
            connection.terminate()
        raise
    finally:
        async with translate_outages():
            await pool.release(connection)


def _is_open(connection: Connection) -> bool:
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:
        return False  # it was closed, and the pool has taken it back


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Connection]:
    """Open a transaction on a connection of the pool; raises like `acquire`."""
    async with acquire(pool) as connection, _Transaction(connection, connection.transaction()):
        yield connection


@asynccontextmanager
async def snapshot(pool: Pool) -> AsyncIterator[Connection]:
    """Open a read-only transaction that sees one consistent state; raises like `acquire`."""
    async with acquire(pool) as connection:
        reading = connection.transaction(isolation="repeatable_read", readonly=True)
        async with _Transaction(connection, reading):
            yield connection


class _Transaction:
    """Commits at the end, or rolls back; after an interruption the server ends it, because its connection is closed."""

    def __init__(self, connection: Connection, transaction: asyncpg.transaction.Transaction) -> None:
        self._connection = connection
        self._transaction = transaction

    async def __aenter__(self) -> None:
        await self._transaction.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _traceback: object
    ) -> None:
        if kind is None:
            await self._transaction.commit()
        elif not issubclass(kind, INTERRUPTIONS) and _is_open(self._connection):
            await self._transaction.rollback()


async def answers(pool: Pool) -> bool:
    """Say whether Postgres answers within 2 s."""
    try:
        async with asyncio.timeout(2), acquire(pool) as connection:
            await connection.execute("select 1")
    except (TimeoutError, UnavailableError):
        return False
    return True
