"""The SQL of what all services share about other systems: when the next call may go, and who we say we are.

Moments are by Postgres's clock, which is one for all replicas.
"""

from datetime import timedelta

from shared.postgres.pool import Connection


async def reserve(connection: Connection, name: str, *, every: timedelta, within: timedelta) -> timedelta | None:
    """Reserve the moment of a call and return how long to wait for it; None where that were longer than `within`.

    Moments go out in the order of asking.
    """
    wait: timedelta | None = await connection.fetchval(
        """insert into shared.rate_limits as known (name, free_at) values ($1, clock_timestamp() + $2)
        on conflict (name) do update
        set free_at = greatest(known.free_at, known.held_until, clock_timestamp()) + $2
        where greatest(known.free_at, known.held_until) <= clock_timestamp() + $3
        returning free_at - $2 - clock_timestamp()""",
        name,
        every,
        within,
    )
    return None if wait is None else max(wait, timedelta())


async def put_back(connection: Connection, name: str, *, by: timedelta) -> None:
    """Let whoever reserves a moment from now on have it so much later."""
    await connection.execute(
        """insert into shared.rate_limits as known (name, free_at) values ($1, clock_timestamp() + $2)
        on conflict (name) do update set free_at = greatest(known.free_at, clock_timestamp()) + $2""",
        name,
        by,
    )


async def wait_of(connection: Connection, name: str) -> timedelta:
    """Return how long it is until another call may go."""
    wait: timedelta = await connection.fetchval(
        "select greatest(free_at, held_until) - clock_timestamp() from shared.rate_limits where name = $1", name
    )
    return max(wait, timedelta())


async def held(connection: Connection, name: str) -> timedelta:
    """Return for how long nobody may call, not even who has reserved a moment."""
    wait: timedelta | None = await connection.fetchval(
        """select held_until - clock_timestamp() from shared.rate_limits
        where name = $1 and held_until > clock_timestamp()""",
        name,
    )
    return wait or timedelta()


async def hold(connection: Connection, name: str, *, wait: timedelta) -> None:
    """Let nobody call for a while: the other side asked for it."""
    await connection.execute(
        """insert into shared.rate_limits as known (name, free_at, held_until)
        values ($1, clock_timestamp(), clock_timestamp() + $2)
        on conflict (name) do update set held_until = greatest(known.held_until, excluded.held_until)""",
        name,
        wait,
    )


async def agree_on(connection: Connection, name: str, *, otherwise: str) -> str:
    """Return a value of this installation; `otherwise` is kept for good where there is none: the first comer wins."""
    await connection.execute(
        "insert into shared.installation (name, value) values ($1, $2) on conflict (name) do nothing", name, otherwise
    )
    found: str = await connection.fetchval("select value from shared.installation where name = $1", name)
    return found
