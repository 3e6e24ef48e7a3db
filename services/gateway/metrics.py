"""The gateway's own figures, beside those that every service has. Few labels, and none with names in them."""

import time
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from services.gateway.events.feed import Feed
from services.gateway.spool.record import Record
from services.gateway.spool.spool import Spool
from services.gateway.webhooks.door import Storage
from shared.errors import UnavailableError

STORED: Final = Counter(
    "usher_webhooks_total",
    "Webhooks, and of the source discord interactions, that got through the door",
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
WATCHERS: Final = Gauge("usher_feed_watchers", "Open streams of live events")


def watch(spool: Spool | None, feed: Feed) -> None:
    """Read the gauges from these whenever somebody asks."""
    WATCHERS.set_function(lambda: feed.watchers)
    if spool is not None:
        SPOOL_RECORDS.set_function(lambda: spool.state().records)
        SPOOL_BYTES.set_function(lambda: spool.state().size)
        SPOOL_REFUSED.set_function(lambda: spool.state().refused)
        SPOOL_LOST.set_function(lambda: sum(damage.records or 0 for damage in spool.damage()))
        SPOOL_OLDEST.set_function(lambda: _age(spool))


def _age(spool: Spool) -> float:
    oldest_at = spool.state().oldest_at
    return 0.0 if oldest_at is None else max(0.0, time.time() - oldest_at.timestamp())


class Counted:
    """A storage that counts what it takes."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def store(self, record: Record) -> bool:
        """See `Storage.store`."""
        with STORED_SECONDS.time():
            try:
                is_duplicate = await self._storage.store(record)
            except UnavailableError:
                STORED.labels(record.source, "refused").inc()
                raise
        STORED.labels(record.source, "duplicate" if is_duplicate else "stored").inc()
        return is_duplicate
