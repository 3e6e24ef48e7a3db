"""What every service has in common: opening its connections in order, running its parts, stopping in time.

On SIGTERM or SIGINT a service accepts nothing new, finishes or hands back its work, and closes, all within 10 s.
"""

import asyncio
import gc
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

import msgspec
import stamina
import structlog

from shared import descriptors, logs, memory, schedules, settings, telemetry
from shared.bus import connection, streams
from shared.bus.connection import Bus
from shared.bus.consumer import Consumer, Handler
from shared.bus.jobs import Jobs
from shared.bus.message import Message
from shared.bus.questions import Answers
from shared.bus.relay import Relay
from shared.bus.store import MessageStore
from shared.bus.streams import ConsumerSpec
from shared.bus.work import Worker
from shared.errors import PermanentError, UnavailableError
from shared.keyring import Keyring
from shared.loops import Step, every
from shared.monitor import monitor
from shared.postgres import pool as postgres
from shared.postgres.migrations import migrate, packages_of
from shared.postgres.pool import Pool
from shared.runs.runs import CHECKS_EVERY, Runs
from shared.schedules import Schedules, When
from shared.schemas.job import Job, JobHandler
from shared.schemas.question import Answer
from shared.settings import ServiceSettings, SettingsError
from shared.telemetry import Tracer
from shared.vault import Vault
from shared.watchdog import Heartbeat, watchdog

FINISH_WITHIN: Final = timedelta(seconds=4)
_HOUSEKEEPING: Final = timedelta(minutes=1)
_COLLECT_AFTER: Final = 20_000
"""New objects before the garbage collector looks for cycles. Python's 700 pauses a loaded service for up to 25 ms every
few seconds, and objects made for a message are freed without it."""

log = structlog.get_logger()
S = TypeVar("S", bound=ServiceSettings)


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """The open connections of a service."""

    name: str
    bus: Bus
    pool: Pool
    worker: Worker
    message_store: MessageStore
    tracer: Tracer


@asynccontextmanager
async def open_parts(
    config: ServiceSettings, *, name: str, pool_size: int = 4, wait: bool = True
) -> AsyncIterator[Parts]:
    """Connect to Postgres and NATS, bring the service's schema up to date, and close both at the end.

    Raises `SettingsError` if the encryption keys are not the ones in use.

    With `wait` false, enter before anything is connected; the caller runs `bring_up_to_date` and `Vault.verify`.
    """
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(
            postgres.connect(config.database_url, schema=name, size=pool_size, wait=wait)
        )
        if wait:
            await _prepare(pool, config, name)
        bus = await stack.enter_async_context(
            connection.connect(
                config.nats_url,
                name=name,
                credentials=config.nats_credentials,
                replicas=config.nats_replicas,
                wait=wait,
            )
        )
        tracer = telemetry.tracer(service=name, endpoint=config.otel_exporter_otlp_endpoint)
        yield Parts(name=name, bus=bus, pool=pool, worker=Worker(pool), message_store=MessageStore(pool), tracer=tracer)


@stamina.retry(on=UnavailableError, attempts=None, timeout=None, wait_initial=0.1, wait_max=3)
async def _prepare(pool: Pool, config: ServiceSettings, name: str) -> None:
    await bring_up_to_date(pool, name)
    await Vault(pool, Keyring.parse(config.usher_encryption_keys)).verify()


async def bring_up_to_date(pool: Pool, name: str) -> None:
    """Run the migrations that a service needs; raises `UnavailableError` if Postgres is away."""
    await migrate(pool, schema="shared", packages=("shared",))
    await migrate(pool, schema=name, packages=packages_of(name))


class _Queue(msgspec.Struct, frozen=True):
    """The handlers of a queue's jobs, and how many run at a time."""

    handlers: list[JobHandler[Message]]
    workers: int


class Service:
    """Runs a service: consumers, answers, outbox, retries, schedules, housekeeping."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._consumers: list[Consumer] = []
        self._queues: dict[ConsumerSpec, _Queue] = {}
        self._answers: list[Answer] = []
        self._answering: list[Answers] = []
        self._schedules = Schedules(parts.worker, now=_now)
        self._loops: list[tuple[timedelta, Step, str]] = [
            (_HOUSEKEEPING, self._housekeep, "housekeeping"),
            (schedules.CHECKS_EVERY, self._schedules.give_due, "schedules"),
        ]
        self.has_started = asyncio.Event()

    def consume(self, spec: ConsumerSpec, handler: Handler, *, workers: int = 8) -> None:
        """Pass the messages of a consumer to a handler, `workers` at a time."""
        parts = self._parts
        self._consumers.append(
            Consumer(
                spec,
                handler,
                publisher=parts.bus,
                message_store=parts.message_store,
                is_ready=self.is_ready,
                tracer=parts.tracer,
                stream_is_missing=parts.bus.stream_is_missing,
                workers=workers,
            )
        )

    def work(self, *handlers: JobHandler[Message], queue: ConsumerSpec | None = None, workers: int = 4) -> None:
        """Do jobs of the service's own queue, or of another; every service also replays its dead letters."""
        spec = queue or streams.jobs_of(self._parts.name)
        self._queues.setdefault(spec, _Queue([], workers)).handlers.extend(handlers)

    def answer(self, *answers: Answer) -> None:
        """Answer questions."""
        self._answers.extend(answers)

    def every(self, when: When, job: Job) -> None:
        """Give a job at each interval or at a time of day, once over all replicas."""
        self._schedules.add(when, job)

    def repeat(self, interval: timedelta, step: Step, *, name: str) -> None:
        """Run a step at each interval, in every replica."""
        self._loops.append((interval, step, name))

    def add_runs(self, runs: Runs) -> None:
        """Serve runs; the handlers of their pages go to `work`."""
        self.work(*runs.jobs())
        self.answer(*runs.answers())
        self.consume(streams.dead_pages_of(self._parts.name), runs.end_run_of_dead_page, workers=1)
        self.repeat(CHECKS_EVERY, runs.recover_and_forget, name="runs")

    async def is_ready(self) -> bool:
        """Say whether Postgres and NATS answer."""
        return self._parts.bus.is_connected and await postgres.answers(self._parts.pool)

    async def run(self) -> None:
        """Run until cancelled."""
        parts = self._parts
        for spec, queue in self._queues.items():
            self.consume(spec, Jobs(queue.handlers, parts.message_store), workers=queue.workers)
        # even with nothing to answer, so that `shared.bus.discovery` finds the service
        answers = Answers(parts.name, self._answers, tracer=parts.tracer)
        self._answering.append(answers)
        relay = Relay(parts.pool, parts.message_store, parts.bus, parts.worker)
        one_at_a_time = asyncio.Lock()  # else each would use a connection of its own, of 3 MiB in Postgres
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(relay.run())
            for interval, step, name in self._loops:
                tasks.create_task(every(interval, _locked(step, one_at_a_time), name=name))
            for consumer in self._consumers:
                await parts.bus.add(consumer.pull)
                tasks.create_task(consumer.run())
            tasks.create_task(answers.run())
            await parts.bus.add(answers)
            self.has_started.set()
            log.info("started")

    async def finish(self) -> None:
        """Accept nothing new, and wait a while for running work to end."""
        parts: list[Consumer | Answers] = [*self._consumers, *self._answering]
        await asyncio.gather(*(part.finish(within=FINISH_WITHIN) for part in parts))

    async def _housekeep(self) -> None:
        telemetry.RETRIES_WAITING.set(await self._parts.message_store.count_retries())
        await self._parts.message_store.prune(now=_now())


def _locked(step: Step, lock: asyncio.Lock) -> Step:
    async def step_alone() -> timedelta | None:
        async with lock:
            return await step()

    return step_alone


def _now() -> datetime:
    return datetime.now(UTC)


async def serve(
    config: ServiceSettings,
    run: Callable[[], Coroutine[Any, Any, None]],
    *,
    finish: Callable[[], Awaitable[None]],
    trim_every: timedelta = memory.EVERY,
) -> None:
    """Run a service until a signal stops it; then `finish` it, and cancel what is left."""
    stop = asyncio.Event()
    heartbeat = Heartbeat()
    pages = monitor(heartbeat, host=config.usher_monitor_host, port=config.usher_monitor_port)
    with _stopping(stop), watchdog(heartbeat), pages:
        async with asyncio.TaskGroup() as tasks:
            parts = (run(), heartbeat.beat(), memory.trim(every=trim_every))
            running = [tasks.create_task(part) for part in parts]
            await stop.wait()
            log.info("stopping")
            await finish()
            for task in running:
                task.cancel()
    log.info("stopped")


@contextmanager
def _stopping(stop: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def main(
    name: str,
    kind: type[S],
    service: Callable[[S], Coroutine[Any, Any, None]],
    *,
    loop: Callable[[], asyncio.AbstractEventLoop] | None = None,
) -> None:
    """Run a service process. Fatal errors are printed in one line; the exit status is 2 for a wrong setting, else 1.

    `loop` makes an event loop to use instead of asyncio's own.
    """
    try:
        config = settings.load(kind)
    except SettingsError as exc:
        sys.stderr.write(f"usher {name}: {exc.detail}\n")
        sys.exit(2)
    descriptors.raise_limit()
    logs.configure(service=name, level=config.log_level, style=config.log_format)
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, 20, 100)
    refusals: list[PermanentError] = []
    try:
        with asyncio.Runner(loop_factory=loop) as runner:
            runner.run(service(config))
    except* PermanentError as group:
        refusals = [error for error in _flatten(group) if isinstance(error, PermanentError)]
    if refusals:
        sys.stderr.write("".join(f"usher {name}: {refusal.detail}\n" for refusal in refusals))
        sys.exit(2 if any(isinstance(refusal, SettingsError) for refusal in refusals) else 1)


def _flatten(group: BaseExceptionGroup[Any]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _flatten(error)
        else:
            yield error
