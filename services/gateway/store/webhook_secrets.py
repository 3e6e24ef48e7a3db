"""Webhook secrets: a digest and whose they are. The values are in the vault, for people who copy an address later."""

from datetime import datetime

import asyncpg
import msgspec

from services.gateway.webhook_secrets.check import SecretEntry
from shared.postgres.pool import Connection, Pool, acquire, transaction
from shared.schemas.webhook_senders import Source


class WebhookSecret(msgspec.Struct, frozen=True, kw_only=True):
    """A valid secret: of one source or of all, of one configured server or of none."""

    id: str
    source: Source | None
    server: str | None
    created_at: datetime


async def lock_secrets(connection: Connection) -> None:
    """Let nobody else add or remove a secret before this transaction ends."""
    await connection.execute("select pg_advisory_xact_lock(7103, 1)")


async def count_secrets(connection: Connection) -> int:
    """Return how many there are."""
    return int(await connection.fetchval("select count(*) from webhook_secrets"))


async def add_secret(connection: Connection, secret: WebhookSecret, digest: bytes) -> bool:
    """Make a secret valid; False where one with this digest is there already."""
    tag = await connection.execute(
        """insert into webhook_secrets (id, source, server, digest, created_at) values ($1, $2, $3, $4, $5)
        on conflict (digest) do nothing""",
        secret.id,
        secret.source,
        secret.server,
        digest,
        secret.created_at,
    )
    return tag != "INSERT 0 0"


async def remove_secret(connection: Connection, secret_id: str) -> bool:
    """Make a secret invalid; False where there is none."""
    return await connection.execute("delete from webhook_secrets where id = $1", secret_id) != "DELETE 0"


async def page_of_secrets(pool: Pool, *, limit: int, offset: int) -> tuple[list[WebhookSecret], int]:
    """Return some, the oldest first, and how many there are."""
    async with transaction(pool) as connection:
        total = await count_secrets(connection)
        rows = await connection.fetch(
            """select id, source, server, created_at from webhook_secrets
            order by created_at, id limit $1 offset $2""",
            limit,
            offset,
        )
    return [WebhookSecret(**dict(row)) for row in rows], total


async def entries(pool: Pool) -> list[SecretEntry]:
    """Return what webhooks' secrets are compared with, in a stable order."""
    async with acquire(pool) as connection:
        return [
            _entry(row)
            for row in await connection.fetch("select id, digest, source, server from webhook_secrets order by id")
        ]


def _entry(row: asyncpg.Record) -> SecretEntry:
    return SecretEntry(id=row["id"], digest=row["digest"], source=row["source"], server=row["server"])
