"""The SQL of what all services share about other systems: when the next call is allowed, and our client id.

Times are by Postgres's clock, which all replicas share.
"""

from datetime import timedelta

from shared.postgres.pool import Connection


async def reserve(connection: Connection, name: str, *, every: timedelta, within: timedelta) -> timedelta | None:
    """Reserve a slot for a call and return how long to wait for it, or None if that is longer than `within`.

    Slots are given in the order of asking.
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
    """Delay all slots reserved from now on."""
    await connection.execute(
        """insert into shared.rate_limits as known (name, free_at) values ($1, clock_timestamp() + $2)
        on conflict (name) do update set free_at = greatest(known.free_at, clock_timestamp()) + $2""",
        name,
        by,
    )


async def wait_of(connection: Connection, name: str) -> timedelta:
    """Return how long it takes until another call is allowed."""
    wait: timedelta = await connection.fetchval(
        "select greatest(free_at, held_until) - clock_timestamp() from shared.rate_limits where name = $1", name
    )
    return max(wait, timedelta())


async def held(connection: Connection, name: str) -> timedelta:
    """Return how long no call is allowed, not even one with a reserved slot."""
    wait: timedelta | None = await connection.fetchval(
        """select held_until - clock_timestamp() from shared.rate_limits
        where name = $1 and held_until > clock_timestamp()""",
        name,
    )
    return wait or timedelta()


async def hold(connection: Connection, name: str, *, wait: timedelta) -> None:
    """Allow no call for a while: the other side asked for it."""
    await connection.execute(
        """insert into shared.rate_limits as known (name, free_at, held_until)
        values ($1, clock_timestamp(), clock_timestamp() + $2)
        on conflict (name) do update set held_until = greatest(known.held_until, excluded.held_until)""",
        name,
        wait,
    )


async def get_or_store(connection: Connection, name: str, *, otherwise: str) -> str:
    """Return a value of this installation; the first caller's `otherwise` is stored for good."""
    await connection.execute(
        "insert into shared.installation (name, value) values ($1, $2) on conflict (name) do nothing", name, otherwise
    )
    found: str = await connection.fetchval("select value from shared.installation where name = $1", name)
    return found
