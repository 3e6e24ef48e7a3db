"""The linker's SQL for reading Plex servers: as whom a person can read."""

import msgspec

from shared.postgres.pool import Connection


class Linked(msgspec.Struct, frozen=True):
    """A Plex account that somebody signed in to; a dead one's token is refused by plex.tv."""

    account_id: str
    username: str
    is_dead: bool


async def accounts_of(connection: Connection, person_id: str) -> list[Linked]:
    """Return a person's linked Plex accounts, in the order of their linking."""
    rows = await connection.fetch(
        """select account_id, username, state = 'dead' as is_dead from connections
        where person_id = $1 and provider = 'plex' order by linked_at, account_id""",
        person_id,
    )
    return [Linked(**dict(row)) for row in rows]
