"""One line of the table: a payload file, and what it means according to someone who read it."""

from datetime import UTC, datetime
from typing import Final, Literal

import msgspec

from services.requester.sources import seerr
from services.syncer.history.sources.outcome import Ignored, Unwatched, Watched
from shared.schemas.media import Account, Title

NOW: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)

Class = Literal["play", "unplay", "notice", "hint", "test", "unusable", "template", "unknown"]
Expected = Watched | Unwatched | Ignored | seerr.Notice | seerr.Ignored


class Row(msgspec.Struct, frozen=True, kw_only=True):
    file: str
    event: str
    expected: Expected
    received_at: datetime = NOW


def class_of(outcome: Expected) -> Class:
    match outcome:
        case Watched():
            return "play"
        case Unwatched():
            return "unplay"
        case seerr.Notice():
            return "notice"
        case Ignored(reason=reason, known=known) | seerr.Ignored(reason=reason, known=known):
            words: dict[str, Class] = {"a hint:": "hint", "a test:": "test", "a template:": "template"}
            said = next((kind for start, kind in words.items() if reason.startswith(start)), None)
            return said or ("unusable" if known else "unknown")


def played(account: Account, title: Title, at: datetime = NOW) -> Watched:
    return Watched(account=account, title=title, watched_at=at)
