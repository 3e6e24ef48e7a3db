"""A message as a handler sees it, whatever its origin, and how it is settled there."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Protocol

import msgspec
import nats.errors
from nats.aio.msg import Msg

from shared.bus.store import MessageStore, StoredRetry
from shared.schemas.identifiers import derived_id


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What a handler gets.

    `attempts` counts this try, from 1, but no try after which the other side asked us to wait. `sent_at` is when the
    stream stored the message, `first_tried_at` when it was first taken up, give or take the short retries.
    """

    id: str
    subject: str
    payload: bytes
    headers: dict[str, str]
    attempts: int
    first_tried_at: datetime
    sent_at: datetime | None = None


class Delivery(Protocol):
    """A message that can be settled at its origin."""

    message: Message

    async def ack(self) -> None:
        """Settle it."""
        ...

    async def retry(self, *, after: timedelta) -> None:
        """Have it delivered again."""
        ...


class FromStream:
    """A delivery of JetStream."""

    def __init__(self, raw: Msg) -> None:
        metadata = raw.metadata
        headers = dict(raw.headers or {})
        self._raw = raw
        self.message = Message(
            id=headers.get("Nats-Msg-Id") or derived_id(metadata.stream, metadata.sequence.stream),
            subject=raw.subject,
            payload=raw.data,
            headers=headers,
            attempts=metadata.num_delivered,
            first_tried_at=datetime.now(UTC),
            sent_at=metadata.timestamp.astimezone(UTC),
        )

    async def ack(self) -> None:
        """Acknowledge; if the acknowledgement is lost, the message comes again and the inbox recognises it."""
        with _of_a_client_that_is_gone():
            await self._raw.ack()

    async def retry(self, *, after: timedelta) -> None:
        """Give it back to JetStream for a while."""
        with _of_a_client_that_is_gone():
            await self._raw.nak(delay=after.total_seconds() or None)


def _of_a_client_that_is_gone() -> suppress:
    """Ignore that a message's client is permanently closed: it cannot be settled there, and will be delivered again."""
    return suppress(nats.errors.ConnectionClosedError)


class FromTable:
    """A delivery from the table `retries`."""

    def __init__(self, waiting: StoredRetry, message_store: MessageStore) -> None:
        self._waiting = waiting
        self._message_store = message_store
        self.message = Message(
            id=waiting.message_id,
            subject=waiting.subject,
            payload=waiting.payload,
            headers=waiting.headers,
            attempts=waiting.attempts + 1,
            first_tried_at=waiting.first_tried_at,
        )

    async def ack(self) -> None:
        """Delete it from the table."""
        await self._message_store.remove_retry(consumer=self._waiting.consumer, message_id=self._waiting.message_id)

    async def keep(self, *, until: datetime) -> None:
        """Let no other replica take it before then."""
        await self._message_store.extend_hold(self._waiting, attempts=self.message.attempts, until=until)

    async def retry(self, *, after: timedelta) -> None:
        """Put it back for later."""
        again = msgspec.structs.replace(self._waiting, attempts=self.message.attempts)
        await self._message_store.store_retry(again, due_at=datetime.now(UTC) + after)


def waiting(message: Message, *, consumer: str, reason: str, counts: bool) -> StoredRetry:
    """Return the row of a message to be tried again; `counts` if this try counts towards giving up."""
    return StoredRetry(
        consumer=consumer,
        message_id=message.id,
        subject=message.subject,
        headers=trace_headers(message.headers),
        payload=message.payload,
        attempts=message.attempts if counts else message.attempts - 1,
        reason=reason,
        first_tried_at=message.first_tried_at,
    )


def trace_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that go with a message into other tables: all but JetStream's own."""
    return {name: value for name, value in headers.items() if not name.startswith("Nats-")}
