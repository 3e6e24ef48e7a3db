"""What a webhook means to the watch history: a play, a tombstone, or nothing, and then why."""

from datetime import datetime

import msgspec

from shared.schemas.media import Account, Title


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """State-changing: one play."""

    account: Account
    title: Title
    watched_at: datetime


class Unwatched(msgspec.Struct, frozen=True, kw_only=True):
    """State-changing: an explicit tombstone. The plays stay; the title is no longer watched."""

    account: Account
    title: Title
    at: datetime


class Ignored(msgspec.Struct, frozen=True):
    """Nothing to do. `reason` is for people."""

    reason: str
    known: bool = True
    """False for an event's name that we do not know."""


Outcome = Watched | Unwatched | Ignored
