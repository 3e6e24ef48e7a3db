"""A service that has nothing to do needs few connections to Postgres, and small ones: each is a process there."""

import asyncio
from datetime import UTC, datetime, timedelta

from shared.bus.store import MessageStore
from shared.postgres.migrations import migrate
from shared.postgres.pool import Pool

NOW = datetime(2026, 12, 1, tzinfo=UTC)


async def backend(pool: Pool) -> int:
    number: int = await pool.fetchval("select pg_backend_pid()")
    return number


async def test_consumers_look_for_due_messages_on_one_connection(pool: Pool) -> None:
    store = MessageStore(pool)

    await asyncio.gather(
        *(store.take_due(f"linker-{number}", now=NOW, hold=timedelta(seconds=30), limit=1) for number in range(8))
    )

    assert pool.get_size() == 1


async def test_what_made_tables_is_not_kept(pool: Pool) -> None:
    await pool.execute("drop schema linker cascade")
    before = await backend(pool)

    assert await migrate(pool, schema="linker", packages=("shared.runs",)) > 0

    assert await backend(pool) != before


async def test_a_connection_with_nothing_to_migrate_is_kept(pool: Pool) -> None:
    before = await backend(pool)

    assert await migrate(pool, schema="linker", packages=("shared.runs",)) == 0

    assert await backend(pool) == before
