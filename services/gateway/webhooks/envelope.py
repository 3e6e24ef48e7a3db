"""What is stored of a webhook: the sender's bytes in our envelope, under an id that the same delivery gets again."""

import hashlib
from datetime import datetime
from typing import Final

import msgspec

from services.gateway.spool.record import Record
from services.gateway.webhooks.secrets import Match
from shared.errors import TooLargeError
from shared.schemas.identifiers import derived_id
from shared.schemas.webhooks import MAX_PAYLOAD, Source, Webhook, event_name, subject

SAME_DELIVERY: Final = 5
"""Seconds within which the same bytes are the same delivery; a second pause later on has the same bytes too."""

_encoder: Final = msgspec.json.Encoder()


def envelope(source: Source, payload: bytes, match: Match, received_at: datetime) -> Webhook:
    """Return the envelope; raises `InvalidError` for what is not a JSON object, `TooLargeError` over the limit."""
    if len(payload) > MAX_PAYLOAD:
        raise TooLargeError(f"the payload has {len(payload)} bytes, and at most {MAX_PAYLOAD} are taken")
    return Webhook(
        id=fingerprint(source, payload, match, received_at),
        source=source,
        event=event_name(source, payload),
        received_at=received_at,
        payload=msgspec.Raw(payload),
        server=match.server,
    )


def fingerprint(source: Source, payload: bytes, match: Match, received_at: datetime) -> str:
    """Return the id: who sent which bytes in which span of five seconds."""
    span = int(received_at.timestamp()) // SAME_DELIVERY
    return derived_id("webhook", source, match.secret_id, hashlib.sha256(payload).hexdigest(), span)


def record(webhook: Webhook, traceparent: str) -> Record:
    """Return the message that goes to JetStream or into the spool."""
    return Record(
        source=webhook.source,
        subject=subject(webhook.source, webhook.event),
        message_id=webhook.id,
        data=_encoder.encode(webhook),
        headers={"traceparent": traceparent},
    )
