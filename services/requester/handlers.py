"""Handles Seerr's webhooks: reads them and decides whom to notify."""

from typing import Final, Protocol

import msgspec

from services.requester.sources.seerr import Ignored, Notice
from shared.bus import streams
from shared.bus.message import Message
from shared.bus.work import Worker
from shared.schemas.events import WebhookIgnored
from shared.schemas.identifiers import derived_id
from shared.schemas.webhooks import Webhook

WEBHOOKS: Final = streams.REQUESTER_WEBHOOKS.name


class Parse(Protocol):
    """Reads Seerr's bytes."""

    def __call__(self, webhook: Webhook) -> Notice | Ignored:
        """Return the outcome; never raises."""
        ...


class Handlers:
    """The requester's handlers."""

    def __init__(self, *, worker: Worker, parse: Parse) -> None:
        self._worker = worker
        self._parse = parse

    async def take_webhook(self, message: Message) -> None:
        """Record what Seerr reports; no one has subscribed yet, so no one is notified."""
        webhook = msgspec.json.decode(message.payload, type=Webhook)
        async with self._worker.once(consumer=WEBHOOKS, message_id=message.id) as work:
            work.publish(
                WebhookIgnored(
                    id=derived_id("ignored", webhook.id, webhook.attempt),
                    occurred_at=webhook.received_at,
                    webhook_id=webhook.id,
                    source=webhook.source,
                    attempt=webhook.attempt,
                    reason=_reason(self._parse(webhook)),
                )
            )


def _reason(outcome: Notice | Ignored) -> str:
    match outcome:
        case Notice():
            about = outcome.subject or "a title without a name"
            return f"nobody has subscribed to be told of {about!r}"
        case Ignored(reason):
            return reason
