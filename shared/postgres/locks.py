"""Advisory locks, held until the transaction ends: for things that are no single row.

A transaction that needs several takes them in the order that its store documents, so that two never deadlock.
"""

from shared.postgres.pool import Connection


async def lock_exclusive(connection: Connection, *names: str) -> None:
    """Wait until nobody holds this lock, and keep everybody else out."""
    await connection.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", _key(names))


async def lock_shared(connection: Connection, *names: str) -> None:
    """Wait until nobody holds this lock exclusively, and keep exclusive holders out."""
    await connection.execute("select pg_advisory_xact_lock_shared(hashtextextended($1, 0))", _key(names))


def _key(names: tuple[str, ...]) -> str:
    return "\x1f".join(names)
