"""Dead letters: a message that its consumer gave up, with all that a replay needs."""

import base64
from datetime import datetime
from typing import Final

import msgspec

from shared.bus.message import Message, trace_headers
from shared.bus.streams import ConsumerSpec
from shared.schemas.dead import DeadLetter
from shared.schemas.identifiers import derived_id

_LONGEST_REASON: Final = 2000
_MOST_BASE64: Final = 160 * 1024
"""Bytes of a payload that is not JSON: base64 makes a third more of them, and a letter must fit a message."""


_MOST_WHOLE: Final = 236 * 1024
"""Bytes of a payload that fit a message together with what a letter adds."""


def dead_letter(message: Message, *, consumer: ConsumerSpec, reason: str, now: datetime) -> DeadLetter:
    """Return the dead letter of a message; the same message always gets the same id."""
    is_json = len(message.payload) <= _MOST_WHOLE and _is_json(message.payload)
    if len(message.payload) > _MOST_WHOLE:
        reason = f"{reason[: _LONGEST_REASON - 100]} (its payload of {len(message.payload)} bytes was cut off)"
    return DeadLetter(
        id=derived_id("dead", consumer.name, message.id),
        service=consumer.service,
        consumer=consumer.name,
        subject=message.subject,
        message_id=message.id,
        reason=reason[:_LONGEST_REASON],
        attempts=message.attempts,
        dropped_at=now,
        payload=msgspec.Raw(message.payload) if is_json else _as_base64(message.payload),
        is_base64=not is_json,
        headers=trace_headers(message.headers),
    )


def payload_of(letter: DeadLetter) -> bytes:
    """Return the payload that the consumer could not handle."""
    if letter.is_base64:
        return base64.b64decode(msgspec.json.decode(letter.payload, type=str))
    return bytes(letter.payload)


def _is_json(payload: bytes) -> bool:
    try:
        msgspec.json.decode(payload, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def _as_base64(payload: bytes) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(base64.b64encode(payload[:_MOST_BASE64]).decode()))
