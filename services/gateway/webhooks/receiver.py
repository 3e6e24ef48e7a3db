"""Takes in one webhook: checks its secret, reads it, finds the JSON, puts it into its envelope and stores it.

It needs NATS or the spool and nothing else: no Postgres, no other system. A new sender is an entry in `SOURCES`
(shared/schemas/webhook_senders.py), its form field in forms.py, and a parser in the service that understands it.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

import msgspec
import structlog

from services.gateway import trace
from services.gateway.spool.record import Record
from services.gateway.webhook_secrets.check import Match
from services.gateway.webhooks import body, forms
from services.gateway.webhooks.body import Receive
from services.gateway.webhooks.envelope import envelope, record
from services.gateway.webhooks.forms import Form, MultipartForm
from services.gateway.webhooks.recent_deliveries import RecentDeliveries
from shared.errors import NotFoundError, UsherError
from shared.schemas.webhook_senders import SOURCES, Source

_log = structlog.get_logger()


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a webhook before its body is read."""

    source: str
    secret: str | None
    content_type: str | None = None
    content_encoding: str | None = None
    content_length: int | None = None
    traceparent: str | None = None


class Receipt(msgspec.Struct, frozen=True):
    """The webhook is stored under this id. `duplicate`: it was already."""

    id: str
    duplicate: bool


class Storage(Protocol):
    """Stores messages durably."""

    async def store(self, record: Record) -> bool:
        """Return once it is stored: True where it was there before; raises `UnavailableError`."""
        ...


class ValidSecrets(Protocol):
    """The secrets that a webhook may come with."""

    def check(self, source: Source, secret: str | None) -> Match:
        """Return which secret this is; raises `UnauthorizedError`."""
        ...


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Receiver:
    """One for all sources; `recent` is shared with the exchange, which adds other gateways' deliveries.

    `deadline` is how long a whole body may take.
    """

    def __init__(
        self,
        secrets: ValidSecrets,
        storage: Storage,
        *,
        recent: RecentDeliveries | None = None,
        deadline: timedelta = body.DEADLINE,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._secrets = secrets
        self._storage = storage
        self._recent = RecentDeliveries() if recent is None else recent
        self._deadline = deadline
        self._now = now

    async def receive(self, delivery: Delivery, receive: Receive) -> Receipt:
        """Return once the webhook is stored; raises an `UsherError` that says why it is not."""
        source, match, form = await self._admit(delivery, receive)
        await self._read(delivery, receive, form.feed, form.cap)
        webhook = envelope(source, form.finish(), match, self._now(), self._recent)
        parent = trace.traceparent(delivery.traceparent)
        duplicate = await self._storage.store(record(webhook, parent))
        _log.info(
            "webhook_stored",
            id=webhook.id,
            source=source,
            event_name=webhook.event,
            is_duplicate=duplicate,
            trace_id=trace.trace_id(parent),
        )
        return Receipt(webhook.id, duplicate)

    async def _admit(self, delivery: Delivery, receive: Receive) -> tuple[Source, Match, Form]:
        try:
            source = _source_named(delivery.source)
            match = self._secrets.check(source, delivery.secret)
            return source, match, forms.form(source, delivery.content_type, delivery.content_encoding)
        except UsherError:
            await self._read(delivery, receive, body.discard, MultipartForm.cap)
            raise

    async def _read(self, delivery: Delivery, receive: Receive, feed: Callable[[bytes], None], cap: int) -> None:
        await body.read(receive, feed, announced=delivery.content_length, cap=cap, within=self._deadline)


def _source_named(source: str) -> Source:
    for known in SOURCES:
        if source == known:
            return known
    raise NotFoundError("there are no webhooks of that name: " + ", ".join(SOURCES))
