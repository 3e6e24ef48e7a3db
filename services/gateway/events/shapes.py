"""Events and dead letters as the API shows them, and what can be asked about them."""

from datetime import datetime
from typing import Any, Literal

import msgspec

from shared.schemas.runs import Run
from shared.schemas.runs import Status as RunStatus
from shared.schemas.webhook_senders import Source

Status = Literal["pending", "handled", "ignored", "dead"]
DeadLetterStatus = Literal["waiting", "replayed"]


class EventItem(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook that came in, and what became of it. `payload` is null unless it was asked for."""

    id: str
    source: Source
    event: str | None
    server: str | None
    received_at: datetime | None
    status: Status
    reason: str | None
    attempt: int = 0
    payload: Any = None


class EventPage(msgspec.Struct, frozen=True):
    """A page of events, newest first."""

    items: list[EventItem]
    total: int
    limit: int
    offset: int


class EventFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which events? `since` is inclusive, `until` is not."""

    source: Source | None = None
    event: str | None = None
    status: Status | None = None
    server: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    search: str | None = None
    limit: int = 50
    offset: int = 0


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an attempt at a webhook."""

    webhook_id: str
    source: Source
    attempt: int
    status: Status
    reason: str | None


class RunPage(msgspec.Struct, frozen=True):
    """A page of runs, newest first."""

    items: list[Run]
    total: int
    limit: int
    offset: int


class RunFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which runs?"""

    kind: str | None = None
    status: RunStatus | None = None
    limit: int = 50
    offset: int = 0


class DeadLetterItem(msgspec.Struct, frozen=True, kw_only=True):
    """A message that a service gave up. `payload` is null unless it was asked for."""

    id: str
    service: str
    consumer: str
    subject: str
    message_id: str
    reason: str
    attempts: int
    died_at: datetime
    status: DeadLetterStatus
    replays: int
    payload: Any = None


class DeadLetterPage(msgspec.Struct, frozen=True):
    """A page of dead letters, newest first."""

    items: list[DeadLetterItem]
    total: int
    limit: int
    offset: int


class DeadLetterFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which dead letters? `search` looks in subject, message id and reason."""

    service: str | None = None
    status: DeadLetterStatus | None = None
    since: datetime | None = None
    until: datetime | None = None
    search: str | None = None
    limit: int = 50
    offset: int = 0


class ReplayReceipt(msgspec.Struct, frozen=True):
    """It was sent again; `attempt` counts how often."""

    id: str
    attempt: int
