"""The linker's SQL for what other services look up: which accounts a person has linked."""

from datetime import datetime

import msgspec

from shared.postgres.pool import Connection
from shared.schemas.media import Provider


class LinkedAccount(msgspec.Struct, frozen=True):
    """An account that somebody signed in to; if it is dead, the other system refuses its token."""

    id: str
    username: str
    is_dead: bool
    expires_at: datetime | None


async def accounts_of(
    connection: Connection, person_id: str, provider: Provider, *, machine_id: str
) -> list[LinkedAccount]:
    """Return a person's accounts on a server, in the order in which they were linked."""
    rows = await connection.fetch(
        """select account_id as id, username, state = 'dead' as is_dead, expires_at from connections
        where (person_id, provider, server) = ($1, $2, $3) order by linked_at, account_id""",
        person_id,
        provider,
        machine_id,
    )
    return [LinkedAccount(**dict(row)) for row in rows]
