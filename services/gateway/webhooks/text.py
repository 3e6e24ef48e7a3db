"""Converts JSON of any encoding to UTF-8: senders and their proxies are careless about what they declare."""

import codecs
from typing import Final

from shared.errors import InvalidError

_BOMS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_LEGACY: Final = {
    "iso-8859-1": "latin-1",
    "latin1": "latin-1",
    "latin-1": "latin-1",
    "iso-8859-15": "iso-8859-15",
    "windows-1252": "cp1252",
    "cp1252": "cp1252",
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
}
"""What a sender may declare instead of UTF-8: some that Python knows take minutes on hostile input."""


def utf8(raw: bytes, charset: str | None) -> bytes:
    """Return the text as UTF-8 without byte order mark: the very bytes that came, wherever they are UTF-8.

    The declared charset counts only for bytes that are not UTF-8, because many declare Latin-1 and send UTF-8. Raises
    `InvalidError` for bytes that are neither, and for NUL, which no JSON holds.
    """
    for bom, encoding in _BOMS:
        if raw.startswith(bom):
            return _check(raw[len(bom) :], encoding)
    declared = _LEGACY.get((charset or "").lower(), "utf-8")
    if declared.startswith("utf-16"):
        return _check(raw, declared)
    try:
        return _check(raw, "utf-8")
    except InvalidError:
        if declared == "utf-8":
            raise
        return _check(raw, declared)


def _check(raw: bytes, encoding: str) -> bytes:
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as exc:
        raise InvalidError(f"the payload is not valid {encoding}: {exc.reason} at byte {exc.start}") from exc
    if "\x00" in text:
        raise InvalidError(f"the payload holds a NUL character at position {text.index(chr(0))}")
    return raw if encoding == "utf-8" else text.encode()
