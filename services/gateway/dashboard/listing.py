"""What lists take from an address: anything may stand there, and no page breaks on it."""

from typing import Final

from services.gateway.page import MAX_OFFSET, MAX_SEARCH

_CONTROLS: Final = dict.fromkeys([*range(32), 127])
_MOST_DIGITS: Final = len(str(MAX_OFFSET))


def search_of(text: str) -> str | None:
    """Return what to search for, as the API takes it; None for everything."""
    return text.translate(_CONTROLS).strip()[:MAX_SEARCH] or None


def offset_of(text: str) -> int:
    """Return where a page of a list begins; what is no such number is the beginning."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
    return min(int(text), MAX_OFFSET) if is_number else 0
