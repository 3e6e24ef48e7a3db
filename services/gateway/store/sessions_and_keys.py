"""Sessions and API keys alike: which of them are valid."""

from collections.abc import Collection
from datetime import datetime

import msgspec

from shared.postgres.pool import Pool, acquire


class Valid(msgspec.Struct, frozen=True):
    """A session or key that is valid, until a moment or (None) for good."""

    id: str
    expires_at: datetime | None


async def valid_among(pool: Pool, ids: Collection[str], *, now: datetime, used_after: datetime) -> list[Valid]:
    """Return those of these sessions and keys that are valid."""
    async with acquire(pool) as connection:
        rows = await connection.fetch(
            """select id, expires_at from sessions where id = any($1) and expires_at > $2 and used_at > $3
            union all select id, expires_at from api_keys
                where id = any($1) and (expires_at is null or expires_at > $2)""",
            list(ids),
            now,
            used_after,
        )
    return [Valid(row["id"], row["expires_at"]) for row in rows]
