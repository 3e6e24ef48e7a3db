"""A gateway process: what runs side by side in it.

It takes webhooks at once, with the secrets that the last start left in the data folder. Everything that needs Postgres
waits until the tables are prepared.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Final

import structlog

from services.gateway import app, metrics, wiring
from services.gateway.access.passwords import Passwords
from services.gateway.forwarded import networks
from services.gateway.retention import Retention
from services.gateway.server import Server
from services.gateway.settings import Settings
from services.gateway.spool.drain import Drain
from services.gateway.spool.spool import Spool, open_spool
from services.gateway.startup import NAME
from services.gateway.upkeep import Upkeep
from services.gateway.webhooks.delivery_exchange import DeliveryExchange
from shared import runtime
from shared.bus.connection import Bus
from shared.runtime import Parts

_POOL: Final = 6
_GREET_S: Final = 1.5

log = structlog.get_logger()


class Process:
    """What runs until `run` is cancelled; `finish` comes before that."""

    def __init__(self, config: Settings, parts: Parts, spool: Spool | None, passwords: Passwords) -> None:
        made = self._made = wiring.components(config, parts, spool, passwords)
        self._bus = parts.bus
        self._exchange = DeliveryExchange(parts.bus, made.recent)
        self._startup = wiring.startup(config, parts, made)
        self._service = wiring.service(parts)
        self._drain = None if spool is None else Drain(spool, parts.bus)
        self._retention = Retention(parts.pool, made.login_attempts, now=made.now)
        application = app.application(made, proxies=networks(config.usher_trusted_proxies))
        self._server = Server(application, host=config.usher_host, port=config.usher_port)
        self._upkeep = Upkeep(parts.bus)
        metrics.watch(spool, made.feed, made.readiness)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._server.port

    async def run(self) -> None:
        """Serve at once, prepare, then do everything else."""
        self._made.secret_cache.load_file()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._server.run())
            tasks.create_task(self._work())
            tasks.create_task(self._exchange.run())
            tasks.create_task(self._upkeep.run())
            if self._drain is not None:
                tasks.create_task(self._drain.run())
            log.info("listening", port=self.port)

    async def finish(self) -> None:
        """Take nothing more, and finish what has begun."""
        self._made.feed.end()
        await asyncio.gather(self._server.finish(), self._service.finish())
        await self._made.refusals.finish()

    async def _work(self) -> None:
        for part in (
            self._made.feed.listener(),
            self._made.secret_cache.listener(),
            self._made.stream_access.listener(),
            self._exchange.listener(),
        ):
            await self._bus.add(part)
        await self._startup.run()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._service.run())
            tasks.create_task(self._made.secret_cache.run())
            tasks.create_task(self._made.stream_access.run())
            tasks.create_task(self._made.refusals.run())
            tasks.create_task(self._retention.run())


@asynccontextmanager
async def open_process(config: Settings, *, passwords: Passwords | None = None) -> AsyncIterator[Process]:
    """Make a process, and close its connections afterwards. Raises `UnusableSpoolError`, `AddressError`."""
    async with AsyncExitStack() as stack:
        parts = await stack.enter_async_context(runtime.open_parts(config, name=NAME, pool_size=_POOL, wait=False))
        spool = None
        if config.usher_spool == "on":
            spool = await stack.enter_async_context(open_spool(config.spool_folder))
        await _greet(parts.bus)
        yield Process(config, parts, spool, passwords or Passwords())


async def _greet(bus: Bus) -> None:
    """Give NATS a moment before the application is made, which blocks: NATS hangs up on clients that stay silent."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_GREET_S):
            await bus.ready()
