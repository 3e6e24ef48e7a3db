"""A payload as a page shows it: indented, and cut where it is huge."""

import json
from typing import Any, Final

import msgspec

MOST: Final = 12_000
"""Characters; escaped, five times as many."""


class PayloadText(msgspec.Struct, frozen=True):
    """What of a payload is shown, and whether that is all of it."""

    text: str
    is_whole: bool


def payload_text(payload: Any) -> PayloadText:
    """Return a payload as text: a text as it is, anything else as indented JSON, made only as far as it is shown."""
    if isinstance(payload, str):
        return _cut(payload)
    parts: list[str] = []
    length = 0
    for part in json.JSONEncoder(indent=2, ensure_ascii=False).iterencode(payload):
        parts.append(part)
        length += len(part)
        if length > MOST:
            break
    return _cut("".join(parts))


def _cut(text: str) -> PayloadText:
    return PayloadText(text[:MOST], is_whole=len(text) <= MOST)
