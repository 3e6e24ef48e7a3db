"""The tables behind exactly-once effects, in each service's own schema: inbox, outbox, retries."""

import asyncio
from datetime import datetime, timedelta
from typing import Final

import msgspec

from shared.postgres.pool import Connection, Pool, acquire, transaction
from shared.postgres.text import storable

INBOX_KEPT: Final = timedelta(days=30)
"""Longer than any stream keeps a message that could come again."""


class Outgoing(msgspec.Struct, frozen=True):
    """A message in the outbox."""

    id: int
    message_id: str
    subject: str
    headers: dict[str, str]
    payload: bytes


class StoredRetry(msgspec.Struct, frozen=True, kw_only=True):
    """A message that waits for its next attempt. `attempts` are those that count towards giving up."""

    consumer: str
    message_id: str
    subject: str
    headers: dict[str, str]
    payload: bytes
    attempts: int
    reason: str
    first_tried_at: datetime


async def mark_done(connection: Connection, *, consumer: str, message_id: str) -> bool:
    """Write a message into the inbox; False if it was there already."""
    return (
        await connection.fetchval(
            "insert into inbox (consumer, message_id) values ($1, $2) on conflict do nothing returning true",
            consumer,
            message_id,
        )
        is True
    )


async def is_done(connection: Connection, *, consumer: str, message_id: str) -> bool:
    """Say whether the inbox has a message."""
    found = await connection.fetchval(
        "select true from inbox where consumer = $1 and message_id = $2", consumer, message_id
    )
    return found is True


async def add_to_outbox(connection: Connection, messages: list[Outgoing]) -> None:
    """Put messages into the outbox of this transaction."""
    await connection.executemany(
        "insert into outbox (message_id, subject, headers, payload) values ($1, $2, $3, $4)",
        [(out.message_id, out.subject, msgspec.json.encode(out.headers).decode(), out.payload) for out in messages],
    )


class MessageStore:
    """A service's outbox and retries, as the relay and the consumers use them."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._one_look_at_a_time = asyncio.Lock()
        """All consumers look every few seconds, and each would use a connection of its own, of 3 MiB in Postgres."""

    async def lock_unpublished(self, connection: Connection, *, limit: int) -> list[Outgoing]:
        """Lock and return the oldest messages of the outbox that no other replica has locked."""
        rows = await connection.fetch(
            "select id, message_id, subject, headers, payload from outbox order by id limit $1 for update skip locked",
            limit,
        )
        return [
            Outgoing(row["id"], row["message_id"], row["subject"], msgspec.json.decode(row["headers"]), row["payload"])
            for row in rows
        ]

    async def remove_published(self, connection: Connection, ids: list[int]) -> None:
        """Delete published messages from the outbox."""
        await connection.execute("delete from outbox where id = any($1)", ids)

    async def store_retry(self, waiting: StoredRetry, *, due_at: datetime) -> None:
        """Keep a message for a later attempt; storing it again updates time and count."""
        async with transaction(self._pool) as connection:
            await connection.execute(
                """insert into retries (consumer, message_id, subject, headers, payload, attempts, due_at, reason,
                    first_tried_at)
                values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                on conflict (consumer, message_id) do update set attempts = excluded.attempts,
                    due_at = excluded.due_at, reason = excluded.reason, first_tried_at = excluded.first_tried_at""",
                waiting.consumer,
                waiting.message_id,
                waiting.subject,
                msgspec.json.encode(waiting.headers).decode(),
                waiting.payload,
                waiting.attempts,
                due_at,
                storable(waiting.reason),
                waiting.first_tried_at,
            )

    async def take_due(self, consumer: str, *, now: datetime, hold: timedelta, limit: int) -> list[StoredRetry]:
        """Return due messages and count the attempt; each is due again after `hold`, so that a crash only delays it.

        Call `extend_hold` for work that takes longer.
        """
        async with self._one_look_at_a_time, transaction(self._pool) as connection:
            rows = await connection.fetch(
                """update retries set due_at = $3, attempts = attempts + 1 where (consumer, message_id) in (
                    select consumer, message_id from retries where consumer = $1 and due_at <= $2
                    order by due_at limit $4 for update skip locked)
                returning consumer, message_id, subject, headers, payload, attempts - 1 as attempts, reason,
                    first_tried_at""",
                consumer,
                now,
                now + hold,
                limit,
            )
        return [
            StoredRetry(**{**dict(row), "headers": msgspec.json.decode(row["headers"], type=dict[str, str])})
            for row in rows
        ]

    async def extend_hold(self, taken: StoredRetry, *, attempts: int, until: datetime) -> None:
        """Hold a message longer, unless another replica has taken it since."""
        async with acquire(self._pool) as connection:
            await connection.execute(
                """update retries set due_at = greatest(due_at, $4)
                where consumer = $1 and message_id = $2 and attempts = $3""",
                taken.consumer,
                taken.message_id,
                attempts,
                until,
            )

    async def remove_retry(self, *, consumer: str, message_id: str) -> None:
        """Delete a message that is done or dead."""
        async with acquire(self._pool) as connection:
            await connection.execute(
                "delete from retries where consumer = $1 and message_id = $2", consumer, message_id
            )

    async def count_retries(self) -> int:
        """Return how many messages wait for a later attempt."""
        async with acquire(self._pool) as connection:
            return int(await connection.fetchval("select count(*) from retries"))

    async def prune(self, *, now: datetime) -> None:
        """Delete inbox entries of messages that no stream can deliver again."""
        async with acquire(self._pool) as connection:
            await connection.execute("delete from inbox where done_at < $1", now - INBOX_KEPT)
