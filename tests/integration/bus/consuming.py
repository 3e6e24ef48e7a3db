"""Runs a consumer in a test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from shared.bus.connection import Bus
from shared.bus.consumer import LEASE, Consumer, Handler
from shared.bus.store import MessageStore
from shared.bus.streams import ConsumerSpec
from shared.postgres import pool as postgres
from shared.postgres.pool import Pool
from shared.telemetry import Tracer

SPEC = ConsumerSpec("linker", "plays", "EVENTS", ("events.play.recorded",))
BURIED = ConsumerSpec("gateway", "dead", "DEAD", ("dead.>",))
SUBJECT = "events.play.recorded"


@asynccontextmanager
async def consuming(
    bus: Bus, pool: Pool, handler: Handler, *, spec: ConsumerSpec = SPEC, lease: timedelta = LEASE
) -> AsyncIterator[Consumer]:
    async def is_ready() -> bool:
        return bus.is_connected and await postgres.answers(pool)

    consumer = Consumer(
        spec,
        handler,
        publisher=bus,
        message_store=MessageStore(pool),
        is_ready=is_ready,
        tracer=Tracer(),
        stream_is_missing=bus.stream_is_missing,
        workers=4,
        lease=lease,
        due_every=timedelta(milliseconds=50),
    )
    await bus.add(consumer.pull)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(consumer.run())
        yield consumer
        running.cancel()
