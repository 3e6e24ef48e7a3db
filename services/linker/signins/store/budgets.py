"""The linker's SQL for when the next call to a system may go, whichever replica makes it.

By Postgres's clock, which is one for all of them.
"""

from datetime import timedelta

from shared.postgres.pool import Connection


async def reserve(connection: Connection, name: str, *, every: timedelta, within: timedelta) -> timedelta | None:
    """Return how long to wait before a call, whose moment is the caller's; None where that were longer than `within`.

    Moments go out in the order of asking.
    """
    wait: timedelta | None = await connection.fetchval(
        """insert into budgets (name, free_at) values ($1, clock_timestamp() + $2)
        on conflict (name) do update set free_at = greatest(budgets.free_at, clock_timestamp()) + $2
        where budgets.free_at <= clock_timestamp() + $3
        returning free_at - $2 - clock_timestamp()""",
        name,
        every,
        within,
    )
    return None if wait is None else max(wait, timedelta())


async def wait_of(connection: Connection, name: str) -> timedelta:
    """Return how long it is until a call may go."""
    wait: timedelta | None = await connection.fetchval(
        "select free_at - clock_timestamp() from budgets where name = $1", name
    )
    return max(wait or timedelta(), timedelta())


async def hold(connection: Connection, name: str, *, wait: timedelta) -> None:
    """Let nobody call for a while: the other side asked for it."""
    await connection.execute(
        """insert into budgets (name, free_at) values ($1, clock_timestamp() + $2)
        on conflict (name) do update set free_at = greatest(budgets.free_at, excluded.free_at)""",
        name,
        wait,
    )
