"""Hands the messages of one consumer to their handler and settles them: the only place that acks, naks and drops.

A handler returns or raises. Its message comes from JetStream or, after the short retries, from the table `retries`;
both are settled the same way. `except Exception` stands here and nowhere else.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final, assert_never

import msgspec
import nats.errors
import structlog

from shared import telemetry
from shared.bus import judge, streams
from shared.bus.dead_letters import dead_letter
from shared.bus.judge import Ack, Drop, Hold, Later, Pause, Retry, Settlement, Verdict
from shared.bus.message import Delivery, FromStream, FromTable, Message, waiting
from shared.bus.publishing import Publisher
from shared.bus.pull import Pull
from shared.bus.store import MessageStore
from shared.bus.streams import ConsumerSpec
from shared.errors import UnavailableError
from shared.schemas.identifiers import derived_id
from shared.telemetry import Tracer

HANDLER_LIMIT: Final = timedelta(minutes=10)
LEASE: Final = streams.ACK_WAIT
"""How long a message is ours without a word from us; it is renewed for as long as the handler runs."""
DUE_EVERY: Final = timedelta(seconds=5)
"""Between looks for waiting messages whose time has come."""
_PROBE_EVERY_S: Final = 0.5

log = structlog.get_logger()
Handler = Callable[[Message], Awaitable[None]]


class Consumer:
    """One consumer's messages, `workers` at a time."""

    def __init__(
        self,
        spec: ConsumerSpec,
        handler: Handler,
        *,
        publisher: Publisher,
        message_store: MessageStore,
        is_ready: Callable[[], Awaitable[bool]],
        tracer: Tracer,
        stream_is_missing: Callable[[], None],
        workers: int = 8,
        lease: timedelta = LEASE,
        due_every: timedelta = DUE_EVERY,
    ) -> None:
        self.spec = spec
        self.pull = Pull(spec, room=workers * 4, missing=stream_is_missing)
        self._handler = handler
        self._publisher = publisher
        self._message_store = message_store
        self._is_ready = is_ready
        self._tracer = tracer
        self._workers = workers
        self._lease = lease
        self._due_every = due_every
        self._active: set[Delivery] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._is_finishing = False

    async def run(self) -> None:
        """Handle messages until cancelled, then give back those that no worker has started."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.pull.run())
                tasks.create_task(self._extend_stream_leases())
                tasks.create_task(self._extend_table_leases())
                tasks.create_task(self._take_due())
                for _ in range(self._workers):
                    tasks.create_task(self._work())
        finally:
            await self._hand_back()

    async def finish(self, *, within: timedelta) -> None:
        """Take no new messages, give back those that no worker has started, and wait for running handlers."""
        self._is_finishing = True
        self.pull.pause()
        await self._hand_back()
        with suppress(TimeoutError):
            async with asyncio.timeout(within.total_seconds()):
                await self._idle.wait()

    async def _work(self) -> None:
        while True:
            raw = await self.pull.next()
            try:
                if self._is_finishing:
                    await _best_effort(raw.nak())
                else:
                    await self.settle(FromStream(raw))
            finally:
                self.pull.done(raw)

    async def _take_due(self) -> None:
        while True:
            try:
                due = await self._message_store.take_due(
                    self.spec.name, now=datetime.now(UTC), hold=self._lease, limit=1
                )
            except UnavailableError:
                due = []
            for row in due:
                await self.settle(FromTable(row, self._message_store))
            if not due:
                await asyncio.sleep(self._due_every.total_seconds())

    async def _extend_stream_leases(self) -> None:
        while True:
            await asyncio.sleep(self._lease.total_seconds() / 3)
            for raw in self.pull.held():
                await _best_effort(raw.in_progress())

    async def _extend_table_leases(self) -> None:
        while True:
            await asyncio.sleep(self._lease.total_seconds() / 3)
            for delivery in list(self._active):
                if isinstance(delivery, FromTable):
                    await _best_effort(delivery.keep(until=datetime.now(UTC) + self._lease))

    async def settle(self, delivery: Delivery) -> None:
        """Run the handler and carry out the verdict; wait here while a part of Usher is away."""
        self._begin(delivery)
        is_settled = False
        try:
            with (
                self._tracer.span(self.spec.name, telemetry.traceparent_of(delivery.message.headers)),
                telemetry.HANDLER_SECONDS.labels(self.spec.name).time(),
            ):
                await self._until_settled(delivery)
                is_settled = True
        finally:
            self._end(delivery)
            if not is_settled:
                await _best_effort(delivery.retry(after=timedelta(0)))

    def _begin(self, delivery: Delivery) -> None:
        self._active.add(delivery)
        self._idle.clear()

    def _end(self, delivery: Delivery) -> None:
        self._active.discard(delivery)
        if not self._active:
            self._idle.set()

    async def _until_settled(self, delivery: Delivery) -> None:
        while True:
            verdict = judge.given_up(delivery.message.attempts) or await self._try(delivery.message)
            if isinstance(verdict, Pause):
                log.info("message_pauses", message=delivery.message.id, reason=verdict.reason)
                await asyncio.sleep(verdict.after.total_seconds())
                continue
            if not isinstance(verdict, Hold) and await self._carry_out(verdict, delivery):
                return
            await self._until_ready(verdict)

    async def _try(self, message: Message) -> Verdict:
        error: Exception | None = None
        try:
            async with asyncio.timeout(HANDLER_LIMIT.total_seconds()):
                await self._handler(message)
        except Exception as exc:  # noqa: BLE001 (the one place: what a handler raises is judged here)
            error = exc
        waited = datetime.now(UTC) - message.first_tried_at
        return judge.judge(error, attempts=message.attempts, waited=waited, chance=judge.chance())

    async def _carry_out(self, verdict: Settlement, delivery: Delivery) -> bool:
        """Carry out a verdict; False when a part of Usher is away and it has to be tried again."""
        try:
            await self._apply(verdict, delivery)
        except (UnavailableError, nats.errors.Error, OSError):
            return False
        return True

    async def _apply(self, verdict: Settlement, delivery: Delivery) -> None:
        message = delivery.message
        match verdict:
            case Ack(duplicate):
                await delivery.ack()
                self._count("duplicate" if duplicate else "done", message)
            case Retry(after, reason):
                log.warning("message_retried", message=message.id, attempts=message.attempts, reason=reason)
                await delivery.retry(after=after)
                self._count("retried", message)
            case Later(after, reason, counts):
                log.warning("message_waits", message=message.id, attempts=message.attempts, reason=reason)
                row = waiting(message, consumer=self.spec.name, reason=reason, counts=counts)
                await self._message_store.store_retry(row, due_at=datetime.now(UTC) + after)
                await self._remove_from_stream(delivery)
                self._count("waiting", message)
            case Drop(reason):
                log.error("message_dropped", message=message.id, attempts=message.attempts, reason=reason)
                await self._publish_dead_letter(message, reason)
                await delivery.ack()
                self._count("dead", message)
            case never:
                assert_never(never)

    async def _remove_from_stream(self, delivery: Delivery) -> None:
        """Settle a message on its stream once the table has it; one that came from the table is already settled."""
        if isinstance(delivery, FromStream):
            await delivery.ack()

    async def _publish_dead_letter(self, message: Message, reason: str) -> None:
        letter = dead_letter(message, consumer=self.spec, reason=reason, now=datetime.now(UTC))
        await self._publisher.publish(
            f"dead.{self.spec.service}.{self.spec.purpose}",
            msgspec.json.encode(letter),
            message_id=derived_id(
                "burial", letter.id, letter.dropped_at
            ),  # the same message may die again, and is published again
            headers=letter.headers,
        )

    def _count(self, outcome: str, message: Message) -> None:
        telemetry.HANDLED.labels(self.spec.name, outcome).inc()
        if outcome == "done" and message.sent_at is not None:
            age = datetime.now(UTC) - message.sent_at
            telemetry.LAG_SECONDS.labels(self.spec.name).observe(age.total_seconds())

    async def _until_ready(self, verdict: Verdict) -> None:
        """Request no messages until Postgres and NATS answer."""
        log.warning("consumer_waits", consumer=self.spec.name, verdict=type(verdict).__name__)
        self.pull.pause()
        try:
            await asyncio.sleep(_PROBE_EVERY_S)
            while not await self._is_ready():  # noqa: ASYNC110 (Postgres sends no event when it is back)
                await asyncio.sleep(_PROBE_EVERY_S)
        finally:
            self.pull.resume()

    async def _hand_back(self) -> None:
        for raw in self.pull.leftovers():
            await _best_effort(raw.nak())


async def _best_effort(action: Awaitable[None]) -> None:
    """Try what only saves time: if it fails, the server redelivers after its own timeout."""
    try:
        await action
    except (nats.errors.Error, UnavailableError, OSError) as exc:
        log.debug("not_told", error=type(exc).__name__)
