"""The syncer's SQL for people, as the linker has reported them."""

from typing import Final

from shared.postgres.pool import Connection
from shared.postgres.text import like_pattern, storable
from shared.schemas.history import PersonRef
from shared.schemas.media import Provider

DISCORD: Final[Provider] = "discord"


async def person_of(connection: Connection, discord_id: str) -> PersonRef | None:
    """Return the person that a Discord user is."""
    row = await connection.fetchrow(
        "select person_id as id, person_name as name from accounts where source = $1 and server = '' and id = $2 "
        "and person_id is not null",
        DISCORD,
        discord_id,
    )
    return None if row is None else PersonRef(**dict(row))


async def persons_named(connection: Connection, wanted: str) -> list[PersonRef]:
    """Return the person with this id, or those with this name."""
    rows = await connection.fetch(
        """select distinct person_id as id, person_name as name from accounts
        where person_id = $1 or lower(person_name) = lower($1) order by id limit 2""",
        storable(wanted),
    )
    return [PersonRef(**dict(row)) for row in rows]


async def persons_like(connection: Connection, typed: str, *, limit: int) -> list[PersonRef]:
    """Return persons whose names contain this, by name; names that begin with it come first."""
    rows = await connection.fetch(
        """select person_id as id, person_name as name from
            (select distinct person_id, person_name from accounts
            where person_id is not null and ($1::text is null or person_name ilike $1)) known
        order by starts_with(lower(person_name), lower($2)) desc, lower(person_name), person_id limit $3""",
        like_pattern(typed),
        storable(typed),
        limit,
    )
    return [PersonRef(**dict(row)) for row in rows]
