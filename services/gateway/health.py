"""How all parts of Usher are: services, NATS, Postgres, the spool, streams, and the servers around it."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from services.gateway import storage_health
from services.gateway.ask import Ask
from services.gateway.readiness import Readiness
from services.gateway.spool.damage import Damage
from services.gateway.spool.spool import Spool
from services.gateway.storage_health import StorageHealth
from shared.bus import discovery
from shared.bus.connection import Bus
from shared.bus.discovery import Replica
from shared.bus.storage import Problem, StreamState
from shared.errors import UnavailableError
from shared.postgres import pool as postgres
from shared.postgres.pool import Pool
from shared.schemas.servers import AskServersHealth, ServerHealth

SERVICES: Final = ("gateway", "linker", "syncer", "requester")
_SERVERS_WITHIN: Final = timedelta(seconds=1)


class ServiceHealth(msgspec.Struct, frozen=True):
    """How many replicas of a service answered, and in which versions."""

    name: str
    replicas: int
    versions: list[str]


class SpoolHealth(msgspec.Struct, frozen=True):
    """What waits for NATS: records, their bytes, and those that NATS refuses for good; and what was lost in it.

    `lost` is how many records were found missing or damaged, as far as that is known; `damage` says when and where.
    `free` is what its disk has, in bytes.
    """

    is_on: bool
    takes_more: bool
    records: int = 0
    bytes: int = 0
    refused: int = 0
    free: int | None = None
    lost: int = 0
    damage: list[Damage] = []


class StreamHealth(msgspec.Struct, frozen=True, kw_only=True):
    """A stream of NATS: what is in it, how much it takes, and whether NATS still writes to it.

    `problems` names one that is full.
    """

    name: str
    stores: bool
    messages: int
    bytes: int
    limit: int
    oldest_at: datetime | None


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How all parts are. `degraded`: something is away, waits or is full, or the spool was damaged (see there)."""

    status: Literal["ok", "degraded"]
    services: list[ServiceHealth]
    nats: bool
    postgres: bool
    spool: SpoolHealth
    streams: list[StreamHealth]
    """Empty where NATS is away."""
    problems: list[Problem]
    """What keeps anything from being stored, or soon will: a disk or a stream that is full; and how to mend it."""
    servers: list[ServerHealth]
    """The media servers and Seerr as the linker last saw them. One that is away degrades nothing of Usher's own."""


class HealthCheck:
    """Looks at every part."""

    def __init__(self, ask: Ask, bus: Bus, pool: Pool, spool: Spool | None, readiness: Readiness) -> None:
        self._ask = ask
        self._bus = bus
        self._pool = pool
        self._spool = spool
        self._readiness = readiness

    async def look(self) -> Health:
        """Return how all parts are now."""
        replicas, has_postgres, servers, found = await asyncio.gather(
            self._replicas(),
            postgres.answers(self._pool),
            self._servers(),
            storage_health.check(self._bus, self._readiness, has_spool=self._spool is not None),
        )
        services = [_service(name, replicas) for name in SERVICES]
        has_nats = any(each.name == "gateway" for each in replicas)  # which this process answers itself
        is_whole = has_nats and has_postgres and all(each.replicas for each in services)
        spool = self._spool_health(found)
        is_well = is_whole and not (spool.records or spool.damage or found.problems)
        return Health(
            status="ok" if is_well else "degraded",
            services=services,
            nats=has_nats,
            postgres=has_postgres,
            spool=spool,
            streams=[_stream(state) for state in found.streams],
            problems=found.problems,
            servers=servers,
        )

    async def _servers(self) -> list[ServerHealth]:
        try:
            return (await self._ask(AskServersHealth(), within=_SERVERS_WITHIN)).items
        except UnavailableError:
            return []

    async def _replicas(self) -> list[Replica]:
        try:
            return await discovery.replicas(self._bus)
        except UnavailableError:
            return []

    def _spool_health(self, found: StorageHealth) -> SpoolHealth:
        if self._spool is None:
            return SpoolHealth(is_on=False, takes_more=False, free=found.free)
        state, damage = self._spool.state(), self._spool.damage()
        return SpoolHealth(
            is_on=True,
            takes_more=found.takes_more,
            free=found.free,
            records=state.records,
            bytes=state.size,
            refused=state.refused,
            lost=sum(each.records or 0 for each in damage),
            damage=damage,
        )


def _stream(state: StreamState) -> StreamHealth:
    return StreamHealth(
        name=state.name,
        stores=state.failure is None,
        messages=state.messages,
        bytes=state.bytes,
        limit=state.limit,
        oldest_at=state.oldest_at,
    )


def _service(name: str, replicas: list[Replica]) -> ServiceHealth:
    versions = Counter(replica.version for replica in replicas if replica.name == name)
    return ServiceHealth(name, versions.total(), sorted(versions))
