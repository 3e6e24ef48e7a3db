"""What could not be handled, on the stream DEAD, subject `dead.<service>.<consumer>`, with all that a replay needs."""

from datetime import datetime

import msgspec


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A message that a consumer gave up on. `payload` is the original, byte for byte (base64 on the wire)."""

    id: str
    service: str
    consumer: str
    subject: str
    message_id: str
    reason: str
    attempts: int
    dropped_at: datetime
    payload: bytes
    headers: dict[str, str] = {}
    webhook_id: str | None = None
    """Set where the original is a webhook, so that the event log can show what became of it."""


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """Ask a service to hand a dead letter's original to the consumer that gave it up: `jobs.<service>.replay`."""

    id: str
    letter: DeadLetter
