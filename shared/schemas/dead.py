"""Messages that could not be handled, on stream DEAD, subject `dead.<service>.<purpose>`, with all a replay needs."""

from datetime import datetime

import msgspec

from shared.schemas.job import Job


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A message that a consumer gave up on. `payload` is the original: its JSON, or base64 if it is not JSON."""

    id: str
    service: str
    consumer: str
    subject: str
    message_id: str
    reason: str
    attempts: int
    dropped_at: datetime
    payload: msgspec.Raw
    is_base64: bool = False
    headers: dict[str, str] = {}


class Replay(Job, name="replay", frozen=True, kw_only=True):
    """Give a dead letter's original back to the consumer that gave up on it; a job of that consumer's service."""

    letter: DeadLetter
