"""What is stored of a webhook: the sender's bytes in our envelope, under an id that the same delivery gets again."""

import hashlib
from datetime import datetime
from typing import Final

import msgspec

from services.gateway.spool.record import Record
from services.gateway.webhook_secrets.check import Match
from services.gateway.webhooks.recent_deliveries import SAME_DELIVERY_S, RecentDeliveries
from shared import templates
from shared.errors import InvalidError, TooLargeError
from shared.schemas.identifiers import derived_id
from shared.schemas.webhook_senders import Source
from shared.schemas.webhooks import MAX_PAYLOAD, Webhook, event_name, subject

_encoder: Final = msgspec.json.Encoder()


def envelope(source: Source, payload: bytes, match: Match, received_at: datetime, recent: RecentDeliveries) -> Webhook:
    """Return the envelope; raises `InvalidError` for what is not a JSON object, `TooLargeError` over the limit.

    JSON that a hand-made template has broken is stored repaired, because the envelope is JSON itself.
    """
    _check_size(payload)
    try:
        event, stored = event_name(source, payload), payload
    except InvalidError:
        stored = templates.repair_json(payload)
        if stored == payload:
            raise
        _check_size(stored)
        event = event_name(source, stored)
    key = delivery_key(source, stored, match)
    return Webhook(
        id=fingerprint(key, recent.first_at(key, received_at.timestamp())),
        source=source,
        event=event,
        received_at=received_at,
        payload=msgspec.Raw(stored),
        server=match.server,
    )


def _check_size(payload: bytes) -> None:
    if len(payload) > MAX_PAYLOAD:
        raise TooLargeError(f"the payload has {len(payload)} bytes, and at most {MAX_PAYLOAD} are taken")


def delivery_key(source: Source, payload: bytes, match: Match) -> str:
    """Return who sent which bytes."""
    return derived_id("webhook", source, match.secret_id, hashlib.sha256(payload).hexdigest())


def fingerprint(key: str, first_at: float) -> str:
    """Return the id: a delivery, and the span of five seconds that it first came in, in seconds since 1970.

    Replicas agree on the span without asking, except at its edges, where they need to know when it first came.
    """
    return derived_id(key, int(first_at) // SAME_DELIVERY_S)


def record(webhook: Webhook, traceparent: str) -> Record:
    """Return the message that goes to JetStream or into the spool."""
    return Record(
        source=webhook.source,
        subject=subject(webhook.source, webhook.event),
        message_id=webhook.id,
        data=_encoder.encode(webhook),
        headers={"traceparent": traceparent},
    )
