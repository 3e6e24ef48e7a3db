"""All streams and consumers, declared once; `reconcile` brings the server in line and logs what differed.

docs/why.md has the reasons for the values. Two look odd: a consumer never has `backoff`, because the server lets it
replace `ack_wait`; discard is `new`, because `old` silently drops unread messages.
"""

from datetime import timedelta
from typing import Any, Final

import msgspec
import nats.js.errors
import structlog
from nats.js import api

from shared.bus.client import Client

MAX_MESSAGE: Final = 256 * 1024
MAX_PAYLOAD: Final = MAX_MESSAGE - 4 * 1024
"""What is left beside headers: payload and headers over the server's limit in sum close the connection for good."""
ACK_WAIT: Final = timedelta(seconds=30)
MAX_DELIVER: Final = 20
_MIB: Final = 1024 * 1024
_DAY: Final = timedelta(days=1)

log = structlog.get_logger()


class StreamSpec(msgspec.Struct, frozen=True):
    """A stream: its name, its subjects, how long and how much it keeps."""

    name: str
    subjects: str
    keeps: timedelta
    max_bytes: int


class ConsumerSpec(msgspec.Struct, frozen=True):
    """A durable pull consumer: `<service>-<purpose>`."""

    service: str
    purpose: str
    stream: str
    subjects: tuple[str, ...]
    max_ack_pending: int = 256

    @property
    def name(self) -> str:
        """The durable's name."""
        return f"{self.service}-{self.purpose}"


STREAMS: Final = (
    StreamSpec("WEBHOOKS", "webhooks.>", 14 * _DAY, 2048 * _MIB),
    StreamSpec("INTERACTIONS", "interactions.>", timedelta(minutes=15), 64 * _MIB),
    StreamSpec("JOBS", "jobs.>", 7 * _DAY, 512 * _MIB),
    StreamSpec("EVENTS", "events.>", 14 * _DAY, 2048 * _MIB),
    StreamSpec("DEAD", "dead.>", 90 * _DAY, 1024 * _MIB),
)

GATEWAY_WEBHOOKS: Final = ConsumerSpec("gateway", "webhooks", "WEBHOOKS", ("webhooks.>",))
GATEWAY_OUTCOMES: Final = ConsumerSpec("gateway", "outcomes", "EVENTS", ("events.webhook.>",))
GATEWAY_RUNS: Final = ConsumerSpec("gateway", "runs", "EVENTS", ("events.run.changed",))
GATEWAY_PEOPLE: Final = ConsumerSpec("gateway", "people", "EVENTS", ("events.person.forgotten",))
GATEWAY_DEAD: Final = ConsumerSpec("gateway", "dead", "DEAD", ("dead.>",))
SYNCER_WEBHOOKS: Final = ConsumerSpec(
    "syncer",
    "webhooks",
    "WEBHOOKS",
    ("webhooks.plex.>", "webhooks.jellyfin.>", "webhooks.emby.>", "webhooks.tautulli.>"),
)
SYNCER_PEOPLE: Final = ConsumerSpec(
    "syncer",
    "people",
    "EVENTS",
    ("events.account.claimed", "events.account.returned", "events.person.merged", "events.person.unmerged"),
)
SYNCER_FORGOTTEN: Final = ConsumerSpec("syncer", "forgotten", "EVENTS", ("events.person.forgotten",))
SYNCER_LINKS: Final = ConsumerSpec("syncer", "links", "EVENTS", ("events.account.linked",))
SYNCER_INTERACTIONS: Final = ConsumerSpec("syncer", "interactions", "INTERACTIONS", ("interactions.syncer.>",))
LINKER_INTERACTIONS: Final = ConsumerSpec("linker", "interactions", "INTERACTIONS", ("interactions.linker.>",))
LINKER_PLAYS: Final = ConsumerSpec("linker", "plays", "EVENTS", ("events.play.recorded",))
LINKER_LINKS: Final = ConsumerSpec(
    "linker",
    "links",
    "EVENTS",
    ("events.account.linked", "events.person.merged", "events.person.unmerged", "events.server.changed"),
)
LINKER_SEERR: Final = ConsumerSpec("linker", "seerr", "JOBS", ("jobs.seerr.>",), max_ack_pending=16)
"""Jobs that wait for Seerr, apart from the linker's others: a slow Seerr must hold up no reply to Discord."""
REQUESTER_WEBHOOKS: Final = ConsumerSpec("requester", "webhooks", "WEBHOOKS", ("webhooks.seerr.>",))


def jobs_of(service: str) -> ConsumerSpec:
    """Return the consumer of a service's jobs."""
    return ConsumerSpec(service, "jobs", "JOBS", (f"jobs.{service}.>",))


def dead_pages_of(service: str) -> ConsumerSpec:
    """Return the consumer of a service's dead letters, among which there may be pages of its runs."""
    return ConsumerSpec(service, "runs", "DEAD", (f"dead.{service}.>",))


CONSUMERS: Final = (
    GATEWAY_WEBHOOKS,
    GATEWAY_OUTCOMES,
    GATEWAY_RUNS,
    GATEWAY_PEOPLE,
    GATEWAY_DEAD,
    SYNCER_WEBHOOKS,
    SYNCER_PEOPLE,
    SYNCER_FORGOTTEN,
    SYNCER_LINKS,
    SYNCER_INTERACTIONS,
    LINKER_INTERACTIONS,
    LINKER_PLAYS,
    LINKER_LINKS,
    LINKER_SEERR,
    REQUESTER_WEBHOOKS,
    dead_pages_of("linker"),
    *(jobs_of(service) for service in ("gateway", "linker", "syncer", "requester")),
)
"""All that there are once every service has run."""


async def reconcile_streams(client: Client, *, replicas: int) -> None:
    """Create or repair all streams. Raises nats-py's errors when the server cannot."""
    for spec in STREAMS:
        await _reconcile_stream(client, spec, replicas=replicas)


async def _reconcile_stream(client: Client, spec: StreamSpec, *, replicas: int) -> None:
    stream = client.jetstream()
    wanted = _stream_config(spec, replicas=replicas)
    try:
        found = (await stream.stream_info(spec.name)).config
    except nats.js.errors.NotFoundError:
        await stream.add_stream(wanted)
        log.info("stream_created", stream=spec.name)
        return
    drift = stream_drift(spec, found, replicas=replicas)
    if drift:
        await stream.update_stream(found.evolve(**{name: getattr(wanted, name) for name in drift}))
        log.warning("stream_repaired", stream=spec.name, drift=sorted(drift))


def stream_drift(spec: StreamSpec, found: api.StreamConfig, *, replicas: int) -> set[str]:
    """Return the names of a stream's settings that differ from the declared ones."""
    return _drift(_stream_config(spec, replicas=replicas), found)


def _stream_config(spec: StreamSpec, *, replicas: int) -> api.StreamConfig:
    return api.StreamConfig(
        name=spec.name,
        subjects=[spec.subjects],
        retention=api.RetentionPolicy.LIMITS,
        discard=api.DiscardPolicy.NEW,
        storage=api.StorageType.FILE,
        max_age=spec.keeps.total_seconds(),
        max_bytes=spec.max_bytes,
        max_msg_size=MAX_MESSAGE,
        duplicate_window=min(timedelta(minutes=10), spec.keeps).total_seconds(),
        num_replicas=replicas,
        allow_direct=True,
    )


async def reconcile_consumer(client: Client, spec: ConsumerSpec) -> None:
    """Create or repair one consumer."""
    stream = client.jetstream()
    wanted = _consumer_config(spec)
    try:
        found = (await stream.consumer_info(spec.stream, spec.name)).config
    except nats.js.errors.NotFoundError:
        await stream.add_consumer(spec.stream, wanted)
        log.info("consumer_created", consumer=spec.name, stream=spec.stream)
        return
    drift = _drift(wanted, found)
    if drift:
        await stream.add_consumer(spec.stream, wanted)
        log.warning("consumer_repaired", consumer=spec.name, drift=sorted(drift))


def _consumer_config(spec: ConsumerSpec) -> api.ConsumerConfig:
    return api.ConsumerConfig(
        durable_name=spec.name,
        filter_subjects=list(spec.subjects),
        ack_policy=api.AckPolicy.EXPLICIT,
        ack_wait=ACK_WAIT.total_seconds(),
        deliver_policy=api.DeliverPolicy.ALL,
        max_deliver=MAX_DELIVER,
        max_ack_pending=spec.max_ack_pending,
        max_waiting=64,
    )


def _drift(wanted: Any, found: Any) -> set[str]:
    """Return the names of the fields that we set and the server has otherwise."""
    names = (name for name, value in vars(wanted).items() if value is not None)
    return {name for name in names if _plain(getattr(found, name)) != _plain(getattr(wanted, name))}


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, list) else value
