"""What is stored of a webhook: the sender's bytes in our envelope, under an id that the same delivery gets again."""

import hashlib
from datetime import datetime
from typing import Final

import msgspec

from services.gateway.spool.record import Record
from services.gateway.webhooks.secrets import Match
from shared import templates
from shared.errors import InvalidError, TooLargeError
from shared.schemas.identifiers import derived_id
from shared.schemas.webhooks import MAX_PAYLOAD, Source, Webhook, event_name, subject

SAME_DELIVERY: Final = 5
"""Seconds within which the same bytes are the same delivery; a second pause later on has the same bytes too."""

_encoder: Final = msgspec.json.Encoder()


def envelope(source: Source, payload: bytes, match: Match, received_at: datetime) -> Webhook:
    """Return the envelope; raises `InvalidError` for what is not a JSON object, `TooLargeError` over the limit.

    What a hand-made template has broken is stored as the JSON that it was meant to be, for the envelope is JSON itself.
    """
    _check_size(payload)
    try:
        event, stored = event_name(source, payload), payload
    except InvalidError:
        stored = templates.mended(payload)
        if stored == payload:
            raise
        _check_size(stored)
        event = event_name(source, stored)
    return Webhook(
        id=fingerprint(source, stored, match, received_at),
        source=source,
        event=event,
        received_at=received_at,
        payload=msgspec.Raw(stored),
        server=match.server,
    )


def _check_size(payload: bytes) -> None:
    if len(payload) > MAX_PAYLOAD:
        raise TooLargeError(f"the payload has {len(payload)} bytes, and at most {MAX_PAYLOAD} are taken")


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
