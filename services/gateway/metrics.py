"""The gateway's own metrics, beside those of every service. There are few labels, and none with names of people."""

import time
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from services.gateway.events.feed import Feed
from services.gateway.readiness import Readiness
from services.gateway.spool.recent_results import RecentResults
from services.gateway.spool.record import Record
from services.gateway.spool.spool import Spool
from services.gateway.webhooks.receiver import Storage
from shared.bus.storage import StreamState
from shared.errors import UnavailableError

STORED: Final = Counter(
    "usher_webhooks_total",
    "Webhooks, and of the source discord interactions, that were accepted",
    ["source", "result"],
)
STORED_SECONDS: Final = Histogram(
    "usher_webhook_store_seconds",
    "Time until a webhook is on JetStream or in the spool",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
)
SPOOL_RECORDS: Final = Gauge("usher_spool_records", "Webhooks in the spool")
SPOOL_BYTES: Final = Gauge("usher_spool_bytes", "Their size")
SPOOL_REFUSED: Final = Gauge("usher_spool_refused_records", "Webhooks in the spool that JetStream will never take")
SPOOL_LOST: Final = Gauge("usher_spool_lost_records", "Webhooks found missing or damaged in the spool")
SPOOL_OLDEST: Final = Gauge("usher_spool_oldest_seconds", "Age of the oldest webhook in the spool")
DISK_FREE: Final = Gauge("usher_spool_disk_free_bytes", "Room on the spool's disk")
STREAM_BYTES: Final = Gauge("usher_stream_bytes", "Size of what is in a stream of NATS", ["stream"])
STREAM_LIMIT: Final = Gauge("usher_stream_limit_bytes", "The most that the stream takes", ["stream"])
STREAM_MESSAGES: Final = Gauge("usher_stream_messages", "Messages in the stream", ["stream"])
STREAM_OLDEST: Final = Gauge("usher_stream_oldest_seconds", "Age of the oldest message in the stream", ["stream"])
STREAM_STOPPED: Final = Gauge("usher_stream_stopped", "1 where the stream takes nothing, its disk full", ["stream"])
STREAM_PRUNED: Final = Counter(
    "usher_stream_pruned_messages_total", "Acknowledged messages that made room for new ones", ["stream"]
)
WATCHERS: Final = Gauge("usher_feed_watchers", "Open streams of live events")


def watch(spool: Spool | None, feed: Feed, readiness: Readiness) -> None:
    """Read the gauges from these whenever somebody asks."""
    WATCHERS.set_function(lambda: feed.watchers)
    DISK_FREE.set_function(lambda: readiness.free() or 0)
    if spool is not None:
        SPOOL_RECORDS.set_function(lambda: spool.state().records)
        SPOOL_BYTES.set_function(lambda: spool.state().size)
        SPOOL_REFUSED.set_function(lambda: spool.state().refused)
        SPOOL_LOST.set_function(lambda: sum(damage.records or 0 for damage in spool.damage()))
        SPOOL_OLDEST.set_function(lambda: _age(spool))


def show_stream(state: StreamState) -> None:
    """Show a stream as it was found."""
    age = 0.0 if state.oldest_at is None else max(0.0, time.time() - state.oldest_at.timestamp())
    STREAM_BYTES.labels(state.name).set(state.bytes)
    STREAM_LIMIT.labels(state.name).set(state.limit)
    STREAM_MESSAGES.labels(state.name).set(state.messages)
    STREAM_OLDEST.labels(state.name).set(age)
    STREAM_STOPPED.labels(state.name).set(state.failure is not None)


def _age(spool: Spool) -> float:
    oldest_at = spool.state().oldest_at
    return 0.0 if oldest_at is None else max(0.0, time.time() - oldest_at.timestamp())


class CountingStorage:
    """A storage that counts what it stores, and remembers the latest results."""

    def __init__(self, storage: Storage, results: RecentResults) -> None:
        self._storage = storage
        self._results = results

    async def store(self, record: Record) -> bool:
        """See `Storage.store`."""
        with STORED_SECONDS.time():
            try:
                is_duplicate = await self._storage.store(record)
            except UnavailableError as exc:
                STORED.labels(record.source, "refused").inc()
                self._results.note_refused(record.source, exc.detail)
                raise
        self._results.note_stored(record.source)
        STORED.labels(record.source, "duplicate" if is_duplicate else "stored").inc()
        return is_duplicate
