"""A unit of work: the inbox entry, the effect and the messages that follow from it, in one transaction."""

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
    """An open transaction. Messages published here are sent after the commit, or never."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.outgoing: list[Outgoing] = []

    def publish(self, event: Event) -> None:
        """Publish an event; its id is the message id, so the stream stores it once."""
        self.send(events.subject(event), msgspec.json.encode(event), message_id=event.id)

    def give(self, job: Job, *, cause: str, queue: str = "", message_id: str | None = None) -> None:
        """Give a job to its queue after the commit; the same job with the same cause is done once.

        `queue` is for a job that several services do. `message_id` is for a job that its fields do not identify.
        """
        payload = msgspec.json.encode(job)
        given_id = message_id or derived_id(job.job_name, cause, payload.decode())
        self.send(subject(type(job), queue=queue), payload, message_id=given_id)

    def send(self, subject: str, payload: bytes, *, message_id: str) -> None:
        """Send a message on a subject of a stream.

        Raises `TooLargeError` for what the stream would never accept: in the outbox it would block all that follows.
        """
        if len(payload) > MAX_PAYLOAD:
            raise TooLargeError(f"a message of {len(payload)} bytes: the most is {MAX_PAYLOAD}")
        headers = {telemetry.HEADER: telemetry.current_traceparent()}
        self.outgoing.append(Outgoing(0, message_id, subject, headers, payload))


class Worker:
    """Opens a service's units of work, and wakes the relay of its outbox."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.has_outgoing = asyncio.Event()

    @asynccontextmanager
    async def once(self, *, consumer: str, message_id: str) -> AsyncIterator[Work]:
        """Open a unit of work for a message; raises `AlreadyDoneError` if the inbox has it already."""
        async with self._open() as work:
            if not await store.mark_done(work.connection, consumer=consumer, message_id=message_id):
                raise AlreadyDoneError(message_id)
            yield work

    async def check_new(self, *, consumer: str, message_id: str) -> None:
        """Raise `AlreadyDoneError` if the inbox has a message: for handlers that do something before `once`."""
        async with transaction(self._pool) as connection:
            if await store.is_done(connection, consumer=consumer, message_id=message_id):
                raise AlreadyDoneError(message_id)

    @asynccontextmanager
    async def on_request(self) -> AsyncIterator[Work]:
        """Open a unit of work for a question: its own statements make it idempotent, not the inbox."""
        async with self._open() as work:
            yield work

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Work]:
        async with transaction(self._pool) as connection:
            work = Work(connection)
            yield work
            if work.outgoing:
                await store.add_to_outbox(connection, work.outgoing)
        if work.outgoing:
            self.has_outgoing.set()
