"""Short constructors for inputs and expected outcomes."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from services.syncer.history.sources import parsing
from services.syncer.history.sources.outcome import Ignored, Outcome, Unwatched, Watched
from shared.schemas.webhook_senders import Source

NOW: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)


def outcome(source: Source, payload: dict[str, Any]) -> Outcome:
    return parsing.parse(source, msgspec.json.encode(payload), received_at=NOW)


def watched(source: Source, payload: dict[str, Any]) -> Watched:
    result = outcome(source, payload)
    assert isinstance(result, Watched), result
    return result


def unwatched(source: Source, payload: dict[str, Any]) -> Unwatched:
    result = outcome(source, payload)
    assert isinstance(result, Unwatched), result
    return result


def ignored(source: Source, payload: dict[str, Any]) -> Ignored:
    result = outcome(source, payload)
    assert isinstance(result, Ignored), result
    return result
