"""Whether Usher is well: `/health` and `/ready` for programs, `/api/health` for people, `/metrics` for Prometheus."""

from datetime import UTC, datetime
from typing import Final, Literal

import msgspec
from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.openapi.spec import Example
from prometheus_client import generate_latest

from services.gateway.api import describe
from services.gateway.api.guards import needs
from services.gateway.health import SERVICES, Health, HealthCheck, ServiceHealth, SpoolHealth, StreamHealth
from services.gateway.readiness import Readiness
from shared.schemas.servers import ServerHealth

_UNAVAILABLE: Final = 503
_PROMETHEUS: Final = "text/plain; version=1.0.0"


class Sign(msgspec.Struct, frozen=True, omit_defaults=True):
    """A sign of life. `detail` is what is in the way."""

    status: Literal["ok", "unavailable"]
    detail: str = ""


_AT: Final = datetime(2026, 1, 31, 18, 0, tzinfo=UTC)
_HEALTH: Final = Health(
    status="ok",
    services=[ServiceHealth(name, 1, ["1.0.0"]) for name in SERVICES],
    nats=True,
    postgres=True,
    spool=SpoolHealth(is_on=True, takes_more=True, free=50_000_000_000),
    streams=[
        StreamHealth(
            name="WEBHOOKS",
            stores=True,
            messages=1200,
            bytes=3_400_000,
            limit=2_147_483_648,
            oldest_at=datetime(2026, 1, 17, 18, 0, tzinfo=UTC),
        )
    ],
    problems=[],
    servers=[
        ServerHealth(
            name="Living room",
            type="plex",
            reachable=True,
            version="1.43.0.10492",
            problem=None,
            checked_at=_AT,
        )
    ],
)
_FIGURES: Final = ResponseSpec(
    str,
    description="Prometheus's text format",
    media_type="text/plain",
    examples=[Example(value="usher_nats_connected 1.0\n")],
    generate_examples=False,
)
_NOT_READY: Final = Sign("unavailable", "the disk is full: 0 MiB are free for the spool; NATS is away")


class ProbeController(Controller):
    """What programs ask; it needs no credential."""

    tags = ("health",)

    @get("/health", summary="Does the gateway live?", responses=describe.shows_openly(Sign("ok")))
    async def health(self) -> Sign:
        """Say that the process lives: where its event loop stands still, there is no answer."""
        return Sign("ok")

    @get(
        "/ready",
        summary="Can it store webhooks?",
        responses=describe.shows_openly(Sign("ok")) | describe.shows_openly(_NOT_READY, status=_UNAVAILABLE),
    )
    async def ready(self, readiness: NamedDependency[Readiness]) -> Response[Sign]:
        """Say whether a webhook can be stored now, on JetStream or in the spool. It is tried, at most every 5 s."""
        problem = await readiness.problem()
        if problem is None:
            return Response(Sign("ok"))
        return Response(Sign("unavailable", problem), status_code=_UNAVAILABLE, headers={"Retry-After": "5"})

    @get("/metrics", summary="Figures for Prometheus", responses={200: _FIGURES}, media_type="text/plain")
    async def metrics(self) -> Response[bytes]:
        """Show the process's figures. There is nothing secret in them, and no name of a person or title."""
        return Response(generate_latest(), media_type=_PROMETHEUS)


class HealthController(Controller):
    """What people ask."""

    path, tags = "/health", ("health",)

    @get("/", summary="How is everything?", opt=needs("read"), responses=describe.shows(_HEALTH))
    async def show_health(self, health: NamedDependency[HealthCheck]) -> Health:
        """Look at every part: each service, NATS, Postgres, the spool, the servers around Usher."""
        return await health.look()
