"""Sign-ins with Plex that people begin who are not logged in yet."""

from datetime import datetime

import msgspec

from shared.postgres.pool import Connection, Pool, acquire
from shared.schemas.signins import Pin


class PlexSignIn(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in of a browser; `sign_in_id` is what the linker calls it."""

    visitor: str
    sign_in_id: str
    url: str
    code: str
    short_code: str | None
    expires_at: datetime
    ended_at: datetime | None


async def lock_sign_ins(connection: Connection, *, area: str) -> None:
    """Let nobody else count sign-ins from this network before this transaction ends."""
    await connection.execute("select pg_advisory_xact_lock(7103, hashtext($1))", area)


async def begun_since(
    connection: Connection, since: datetime, *, address: str, area: str
) -> list[tuple[datetime, bool]]:
    """Return when sign-ins began in this network, the last one first, and whether each was from this address."""
    rows = await connection.fetch(
        """select begun_at, address = $2 as is_same from plex_sign_ins where area = $3 and begun_at > $1
        order by begun_at desc""",
        since,
        address,
        area,
    )
    return [(row["begun_at"], row["is_same"]) for row in rows]


async def add_sign_in(
    connection: Connection, visitor: str, *, address: str, area: str, now: datetime, until: datetime
) -> None:
    """Count a sign-in before the linker is asked for it: many at once are all counted."""
    await connection.execute(
        "insert into plex_sign_ins (visitor, address, area, begun_at, expires_at) values ($1, $2, $3, $4, $5)",
        visitor,
        address,
        area,
        now,
        until,
    )


async def take_back(pool: Pool, visitor: str) -> None:
    """Let a sign-in count no more, for nothing began."""
    async with acquire(pool) as connection:
        await connection.execute("delete from plex_sign_ins where visitor = $1", visitor)


async def remember_pin(pool: Pool, visitor: str, pin: Pin) -> None:
    """Keep what the linker answered."""
    async with acquire(pool) as connection:
        await connection.execute(
            """update plex_sign_ins set sign_in_id = $2, url = $3, code = $4, short_code = $5, expires_at = $6
            where visitor = $1""",
            visitor,
            pin.pin_id,
            pin.url,
            pin.code,
            pin.short_code,
            pin.expires_at,
        )


async def find_sign_in(pool: Pool, visitor: str) -> PlexSignIn | None:
    """Return a browser's sign-in."""
    async with acquire(pool) as connection:
        row = await connection.fetchrow(
            """select visitor, sign_in_id, url, code, short_code, expires_at, ended_at from plex_sign_ins
            where visitor = $1 and sign_in_id is not null""",
            visitor,
        )
    return None if row is None else PlexSignIn(**dict(row))


async def end_sign_in(connection: Connection, visitor: str, *, now: datetime) -> bool:
    """Use a sign-in up; False where that was done before."""
    tag = await connection.execute(
        "update plex_sign_ins set ended_at = $2 where visitor = $1 and ended_at is null", visitor, now
    )
    return tag != "UPDATE 0"


async def forget_sign_ins(pool: Pool, *, before: datetime) -> None:
    """Delete sign-ins that expired long ago."""
    async with acquire(pool) as connection:
        await connection.execute("delete from plex_sign_ins where expires_at < $1", before)
