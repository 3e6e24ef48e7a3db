"""Lenient reading of the texts, numbers, booleans and times that senders write. None of it is trusted.

Templates write "5", "True", "" and null for 5, true and nothing; some senders write what Postgres cannot store, or the
year 9999. Each function takes any JSON value and returns what the sender meant, or None.
"""

import re
from datetime import UTC, datetime
from typing import Final

_UNSTORABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,18}")
_LARGEST: Final = 10**18
_UUID: Final = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.IGNORECASE)
_YES: Final = frozenset({"true", "1", "yes"})
_NO: Final = frozenset({"false", "0", "no"})
_SHORTEST_ISO: Final = len("2026-01-01T00:00:00")
_LONGEST_ISO: Final = 40
_LAST_UNIX: Final = 253_402_300_799  # 9999-12-31T23:59:59Z

MAX_TEXT: Final = 500
"""The most characters of a title; the rest is cut off."""


def text(value: object, *, limit: int = MAX_TEXT) -> str | None:
    """Return one line of at most `limit` characters that Postgres can store; whole numbers become texts."""
    match value:
        case str():
            cleaned = _UNSTORABLE.sub(" ", value[: 2 * limit]).strip()
            return cleaned[:limit].rstrip() or None
        case bool():
            return None
        case int() if abs(value) < _LARGEST:
            return str(value)
        case _:
            return None


def compact(identifier: str) -> str:
    """Return an id of Jellyfin or Emby in one spelling: both write UUIDs with and without hyphens."""
    return identifier.replace("-", "").lower() if _UUID.fullmatch(identifier) else identifier


def number(value: object, *, low: int, high: int) -> int | None:
    """Return a whole number from `low` to `high`, even if written as text or with a zero fraction."""
    match value:
        case bool():
            return None
        case int():
            whole = value
        case float() if value.is_integer():
            whole = int(value)
        case str() if _WHOLE.fullmatch(value.strip()):
            whole = int(value)
        case _:
            return None
    return whole if low <= whole <= high else None


def flag(value: object) -> bool | None:
    """Return a boolean in the spellings of JSON, .NET, Python and shells; None for anything else."""
    match value:
        case bool():
            return value
        case int() | str():
            word = str(value)[:8].strip().lower() if isinstance(value, str) or abs(value) <= 1 else ""
            return True if word in _YES else False if word in _NO else None
        case _:
            return None


def moment(value: object) -> datetime | None:
    """Return a time from ISO 8601 (UTC if it has no zone) or from seconds since 1970."""
    seconds = number(value, low=1, high=_LAST_UNIX)
    if seconds is not None:
        return datetime.fromtimestamp(seconds, tz=UTC)
    if not isinstance(value, str) or not _SHORTEST_ISO <= len(value) <= _LONGEST_ISO:
        return None
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)
