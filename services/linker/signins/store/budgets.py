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
        on conflict (name) do update
        set free_at = greatest(budgets.free_at, budgets.held_until, clock_timestamp()) + $2
        where greatest(budgets.free_at, budgets.held_until) <= clock_timestamp() + $3
        returning free_at - $2 - clock_timestamp()""",
        name,
        every,
        within,
    )
    return None if wait is None else max(wait, timedelta())


async def put_back(connection: Connection, name: str, *, by: timedelta) -> None:
    """Let whoever asks for a moment from now on have it so much later."""
    await connection.execute(
        """insert into budgets (name, free_at) values ($1, clock_timestamp() + $2)
        on conflict (name) do update set free_at = greatest(budgets.free_at, clock_timestamp()) + $2""",
        name,
        by,
    )


async def wait_of(connection: Connection, name: str) -> timedelta:
    """Return how long it is until another call may go."""
    wait: timedelta = await connection.fetchval(
        "select greatest(free_at, held_until) - clock_timestamp() from budgets where name = $1", name
    )
    return max(wait, timedelta())


async def held(connection: Connection, name: str) -> timedelta:
    """Return for how long no moment may be used, not even one that is somebody's."""
    wait: timedelta | None = await connection.fetchval(
        "select held_until - clock_timestamp() from budgets where name = $1 and held_until > clock_timestamp()", name
    )
    return wait or timedelta()


async def hold(connection: Connection, name: str, *, wait: timedelta) -> None:
    """Let nobody call for a while: the other side asked for it."""
    await connection.execute(
        """insert into budgets (name, free_at, held_until) values ($1, clock_timestamp(), clock_timestamp() + $2)
        on conflict (name) do update set held_until = greatest(budgets.held_until, excluded.held_until)""",
        name,
        wait,
    )
