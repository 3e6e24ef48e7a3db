"""The relay of the outbox: publishes what transactions wrote there, and deletes it once JetStream has stored it."""

import asyncio
from datetime import timedelta
from typing import Final

from shared import telemetry
from shared.bus.publishing import ACK_TIMEOUT_S, Publisher
from shared.bus.store import MessageStore, Outgoing
from shared.bus.work import Worker
from shared.errors import UnavailableError
from shared.loops import AT_ONCE, every
from shared.postgres.pool import Pool, transaction

_BATCH: Final = 200
_IDLE: Final = timedelta(seconds=1)


class Relay:
    """Runs in each replica. `skip locked` shares the rows out, and after a crash they are published again."""

    def __init__(self, pool: Pool, message_store: MessageStore, publisher: Publisher, worker: Worker) -> None:
        self._pool = pool
        self._message_store = message_store
        self._publisher = publisher
        self._worker = worker

    async def run(self) -> None:
        """Publish this replica's messages at once, and check every second for those that other replicas left behind."""
        await every(_IDLE, self._round, name="outbox", wake=self._worker.has_outgoing)

    async def _round(self) -> timedelta | None:
        return None if await self.publish_some() < _BATCH else AT_ONCE

    async def publish_some(self) -> int:
        """Publish at most one batch, oldest first; return how many."""
        async with transaction(self._pool) as connection:
            messages = await self._message_store.lock_unpublished(connection, limit=_BATCH)
            if messages:
                await self._publish_all(messages)
                await self._message_store.remove_published(connection, [message.id for message in messages])
        telemetry.OUTBOX_PUBLISHED.inc(len(messages))
        return len(messages)

    async def _publish_all(self, messages: list[Outgoing]) -> None:
        futures = [
            await self._publisher.begin(out.subject, out.payload, message_id=out.message_id, headers=out.headers)
            for out in messages
        ]
        try:
            async with asyncio.timeout(ACK_TIMEOUT_S):
                for future in futures:
                    await future
        except TimeoutError as exc:
            raise UnavailableError("NATS did not acknowledge in time") from exc
        finally:
            for future in futures:
                future.cancel()
