"""What a webhook means for the watch history: a play, a tombstone, or nothing and why."""

from datetime import datetime

import msgspec

from shared.schemas.media import Account, Title


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """A state change: one viewing, which is a play of each episode in the file."""

    account: Account
    title: Title
    watched_at: datetime
    began_at: datetime | None = None
    """When it began, if the sender says so."""
    reported_at: datetime | None = None
    """When the sender reported it, if later than `watched_at`: by then no other viewing of it had begun."""


class Unwatched(msgspec.Struct, frozen=True, kw_only=True):
    """A state change: an explicit tombstone. The plays stay; the title is no longer watched."""

    account: Account
    title: Title
    at: datetime


class Ignored(msgspec.Struct, frozen=True):
    """Nothing to do. `reason` is for people."""

    reason: str
    known: bool = True
    """False for an event's name that we do not know."""


Outcome = Watched | Unwatched | Ignored
