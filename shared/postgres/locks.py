"""Locks on an idea instead of a row, held until the transaction ends.

Shared by those who may work side by side, exclusive for the one who must be alone. Where a transaction needs several,
it takes them in the order that its store names, so that two never wait for each other.
"""

from shared.postgres.pool import Connection


async def lock_exclusive(connection: Connection, *names: str) -> None:
    """Wait until nobody holds this lock, and let nobody else have it."""
    await connection.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", _key(names))


async def lock_shared(connection: Connection, *names: str) -> None:
    """Wait until nobody holds this lock exclusively, and let nobody have it so."""
    await connection.execute("select pg_advisory_xact_lock_shared(hashtextextended($1, 0))", _key(names))


def _key(names: tuple[str, ...]) -> str:
    return "\x1f".join(names)
