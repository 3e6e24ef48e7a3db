"""One unit of work: the inbox entry, the effect and the facts that follow from it, in one transaction."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from shared import telemetry
from shared.bus import store
from shared.bus.judge import AlreadyDoneError
from shared.bus.store import Outgoing
from shared.bus.streams import MAX_PAYLOAD
from shared.errors import TooLargeError
from shared.postgres.pool import Connection, Pool, transaction
from shared.schemas import events
from shared.schemas.events import Event
from shared.schemas.identifiers import derived_id
from shared.schemas.job import Job, subject


class Work:
    """An open transaction. What is published here leaves after the commit, or not at all."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.said: list[Outgoing] = []

    def publish(self, event: Event) -> None:
        """Say a fact; its id is the message id, so saying it twice is once."""
        self.say(events.subject(event), msgspec.json.encode(event), message_id=event.id)

    def give(self, job: Job, *, cause: str, queue: str = "", message_id: str | None = None) -> None:
        """Let a job be done after the commit; the same job of the same cause is done once.

        `queue` is for a job that several services do; `message_id` for one whose sameness is not that of its fields.
        """
        payload = msgspec.json.encode(job)
        given_id = message_id or derived_id(job.job_name, cause, payload.decode())
        self.say(subject(type(job), queue=queue), payload, message_id=given_id)

    def say(self, subject: str, payload: bytes, *, message_id: str) -> None:
        """Say anything on a subject of a stream.

        Raises `TooLargeError` for what the stream would never take, because in the outbox it would be in the way.
        """
        if len(payload) > MAX_PAYLOAD:
            raise TooLargeError(f"a message of {len(payload)} bytes: the most is {MAX_PAYLOAD}")
        headers = {telemetry.HEADER: telemetry.current_traceparent()}
        self.said.append(Outgoing(0, message_id, subject, headers, payload))


class Worker:
    """Opens units of work of one service, and wakes the relay of its outbox."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.has_said = asyncio.Event()

    @asynccontextmanager
    async def once(self, *, consumer: str, message_id: str) -> AsyncIterator[Work]:
        """Do what a message causes, once: raises `AlreadyDoneError` where the inbox knows it."""
        async with self._open() as work:
            if not await store.mark_done(work.connection, consumer=consumer, message_id=message_id):
                raise AlreadyDoneError(message_id)
            yield work

    async def check_new(self, *, consumer: str, message_id: str) -> None:
        """Raise `AlreadyDoneError` where the inbox knows a message: before work that comes ahead of `once`."""
        async with transaction(self._pool) as connection:
            if await store.is_done(connection, consumer=consumer, message_id=message_id):
                raise AlreadyDoneError(message_id)

    @asynccontextmanager
    async def on_request(self) -> AsyncIterator[Work]:
        """Do what a question asks for: idempotent by its own statements, not by the inbox."""
        async with self._open() as work:
            yield work

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Work]:
        async with transaction(self._pool) as connection:
            work = Work(connection)
            yield work
            if work.said:
                await store.add_to_outbox(connection, work.said)
        if work.said:
            self.has_said.set()
