"""A gateway process: what runs side by side in it.

It takes webhooks from its first moment, with the secrets that the last start left in the data folder. All that needs
Postgres waits until it is prepared.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import structlog

from services.gateway import metrics, wiring
from services.gateway.access.passwords import Passwords
from services.gateway.access.refresh import Refresh
from services.gateway.access.tries import Tries
from services.gateway.access.watching import Watching
from services.gateway.access.webhook_secrets import WebhookSecrets
from services.gateway.bootstrap import Bootstrap
from services.gateway.discord.receiver import Application
from services.gateway.events.feed import Feed
from services.gateway.events.handlers import EventLog
from services.gateway.forwarded import networks
from services.gateway.readiness import Preparation, Readiness
from services.gateway.refusals.register import Register
from services.gateway.retention import Retention
from services.gateway.server import Server
from services.gateway.settings import Settings
from services.gateway.spool import spool as spools
from services.gateway.spool.drain import Drain
from services.gateway.spool.hedge import Hedge, NoShelf
from services.gateway.spool.outcomes import Outcomes
from services.gateway.spool.spool import Spool
from services.gateway.startup import NAME, Startup
from services.gateway.subpath import subpath_of
from services.gateway.upkeep import Upkeep
from services.gateway.webhooks.exchange import Exchange
from services.gateway.webhooks.recent import Recent
from services.gateway.wiring import Wires
from shared import runtime
from shared.bus import streams
from shared.bus.connection import Bus
from shared.clock import SteadyClock
from shared.keyring import Keyring
from shared.runtime import Parts, Service
from shared.sealing import Sealer
from shared.vault import Vault

_POOL: Final = 6
_LOG_WORKERS: Final = 64
"""Handlers of the event log at once: so many rows can go into one statement."""
_GREET_S: Final = 1.5
_REMEMBERED_SECRETS: Final = "webhook-secrets.json"

log = structlog.get_logger()


class Process:
    """What runs until `run` is cancelled; `finish` comes before that."""

    def __init__(self, config: Settings, parts: Parts, spool: Spool | None, passwords: Passwords) -> None:
        wires = _wires(config, parts, spool, passwords)
        self._bus = parts.bus
        self._exchange = Exchange(parts.bus, wires.recent)
        self._feed = wires.feed
        self._refresh = wires.refresh
        self._watching = wires.watching
        self._refused = wires.refused
        self._startup = _startup(config, parts, wires)
        self._service = _service(parts, wires.hedge)
        self._drain = None if spool is None else Drain(spool, parts.bus)
        self._retention = Retention(parts.pool, wires.tries, now=_now)
        self._server = Server(
            wiring.application(parts, wires, now=_now), host=config.usher_host, port=config.usher_port
        )
        self._upkeep = Upkeep(parts.bus)
        metrics.watch(spool, wires.feed, wires.readiness)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._server.port

    async def run(self) -> None:
        """Serve at once, prepare, and then do all the rest."""
        self._refresh.recall()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._server.run())
            tasks.create_task(self._work())
            tasks.create_task(self._exchange.run())
            tasks.create_task(self._upkeep.run())
            if self._drain is not None:
                tasks.create_task(self._drain.run())
            log.info("listening", port=self.port)

    async def finish(self) -> None:
        """Take nothing more, and let what was begun come to its end."""
        self._feed.end()
        await asyncio.gather(self._server.finish(), self._service.finish())
        await self._refused.finish()

    async def _work(self) -> None:
        await self._bus.add(self._feed.part())
        await self._bus.add(self._refresh.part())
        await self._bus.add(self._watching.part())
        await self._bus.add(self._exchange.part())
        await self._startup.run()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._service.run())
            tasks.create_task(self._refresh.run())
            tasks.create_task(self._watching.run())
            tasks.create_task(self._refused.run())
            tasks.create_task(self._retention.run())


def _now() -> datetime:
    return datetime.now(UTC)


def _wires(config: Settings, parts: Parts, spool: Spool | None, passwords: Passwords) -> Wires:
    keyring = Keyring.parse(config.usher_encryption_keys)
    vault = Vault(parts.pool, keyring)
    outcomes = Outcomes()
    refresh = Refresh(parts.pool, kept_in=Path(config.usher_data_dir) / _REMEMBERED_SECRETS)
    return Wires(
        sealer=Sealer(keyring),
        discord=_discord(config),
        feed=Feed(),
        hedge=Hedge(parts.bus, spool or NoShelf()),
        passwords=passwords,
        preparation=Preparation(),
        outcomes=outcomes,
        readiness=Readiness(parts.bus, spool, config.spool_folder, refresh, outcomes),
        recent=Recent(),
        refresh=refresh,
        refused=Register(parts.pool, now=_now),
        spool=spool,
        subpath=subpath_of(config.public_url),
        proxies=networks(config.usher_trusted_proxies),
        tries=Tries(parts.pool, SteadyClock()),
        watching=Watching(parts.pool, now=_now),
        webhook_secrets=WebhookSecrets(
            parts.worker, parts.pool, vault, refresh=refresh, now=_now, public_url=config.public_url
        ),
    )


def _discord(config: Settings) -> Application:
    return Application(
        id=config.discord_application_id,
        public_key=config.discord_public_key,
    )


def _startup(config: Settings, parts: Parts, wires: Wires) -> Startup:
    return Startup(
        config,
        parts.pool,
        vault=Vault(parts.pool, Keyring.parse(config.usher_encryption_keys)),
        bootstrap=Bootstrap(parts.worker, wires.passwords, wires.webhook_secrets, now=_now),
        refresh=wires.refresh,
        preparation=wires.preparation,
    )


def _service(parts: Parts, hedge: Hedge) -> Service:
    service, events = Service(parts), EventLog(parts.pool, is_busy=lambda: hedge.is_busy)
    service.consume(streams.GATEWAY_WEBHOOKS, events.note_webhook, workers=_LOG_WORKERS)
    service.consume(streams.GATEWAY_OUTCOMES, events.note_outcome, workers=_LOG_WORKERS)
    service.consume(streams.GATEWAY_DEAD, events.note_death)
    service.work()
    return service


@asynccontextmanager
async def opened(config: Settings, *, passwords: Passwords | None = None) -> AsyncIterator[Process]:
    """Make a process; what it needs is closed again behind it. Raises `UnusableSpoolError`, `AddressError`."""
    async with AsyncExitStack() as stack:
        parts = await stack.enter_async_context(runtime.open_parts(config, name=NAME, pool_size=_POOL, wait=False))
        spool = None
        if config.usher_spool == "on":
            spool = await stack.enter_async_context(spools.opened(config.spool_folder))
        await _greet(parts.bus)
        yield Process(config, parts, spool, passwords or Passwords())


async def _greet(bus: Bus) -> None:
    """Give NATS a moment before the application is made, which holds everything up: NATS hangs up on who is silent."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_GREET_S):
            await bus.ready()
