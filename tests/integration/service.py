"""A service's parts in the test's process, on the test's database and JetStream."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from shared.bus.connection import Bus
from shared.bus.questions import Answers
from shared.bus.store import MessageStore
from shared.bus.work import Worker
from shared.postgres import pool as postgres
from shared.runtime import Parts, Service
from shared.schemas.question import Answer
from shared.schemas.secret import Secret
from shared.telemetry import Tracer


@asynccontextmanager
async def parts_of(name: str, *, bus: Bus, database_url: Secret) -> AsyncIterator[Parts]:
    async with postgres.connect(database_url, schema=name, size=4) as pool:
        yield Parts(
            name=name, bus=bus, pool=pool, worker=Worker(pool), message_store=MessageStore(pool), tracer=Tracer()
        )


@asynccontextmanager
async def at_work(service: Service) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(service.run())
        try:
            await service.has_started.wait()
            yield
        finally:
            running.cancel()


@asynccontextmanager
async def answering(bus: Bus, service: str, *answers_: Answer) -> AsyncIterator[Answers]:
    answers = Answers(service, answers_, tracer=Tracer())
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(answers.run())
        await bus.add(answers)
        try:
            yield answers
        finally:
            running.cancel()


async def until(condition: Callable[[], bool | Awaitable[bool]], *, within_s: float = 30) -> None:
    """Wait until a condition holds; raises TimeoutError if it does not in time."""
    async with asyncio.timeout(within_s):
        while True:
            result = condition()
            if result if isinstance(result, bool) else await result:
                return
            await asyncio.sleep(0.02)
