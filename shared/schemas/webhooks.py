"""Webhooks as they were received: the envelope on the stream WEBHOOKS, subject `webhooks.<source>.<event>`.

A new field has a default, a new meaning has a new name; readers ignore unknown fields.
"""

import re
from datetime import datetime
from typing import Final

import msgspec

from shared.errors import Fault, InvalidError
from shared.leniency import text
from shared.schemas.webhook_senders import EVENT_NAMES, Source

UNKNOWN_EVENT: Final = "unknown"
"""The event's name if the sender gave none."""

MAX_PAYLOAD: Final = 224 * 1024
"""Bytes of JSON that a sender may send: the envelope around it stays below the 256 KiB of a message."""


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery by a sender. `payload` is the sender's JSON, byte for byte; `event` is the sender's word.

    Only if unescaped control characters in strings made it invalid JSON are these escaped before it is stored.
    """

    id: str
    source: Source
    event: str
    received_at: datetime
    payload: msgspec.Raw
    server: str | None = None
    """Name of the configured server that the secret belongs to; None for a secret valid for all."""
    attempt: int = 0
    """0 for the original; n for the n-th replay by hand."""


_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_.-]+")
_DOTS: Final = re.compile(r"\.{2,}")


def subject(source: Source, event: str) -> str:
    """Return the subject for an event's name. The name is hostile: no wildcards, spaces or empty tokens remain."""
    name = _DOTS.sub(".", _UNSAFE.sub("_", event[:64])).strip(".")
    return f"webhooks.{source}.{name or UNKNOWN_EVENT}"


MAX_DEPTH: Final = 100
"""The deepest nesting of objects and lists that a payload may have; senders need ten."""

MAX_EVENT: Final = 100
"""The most characters of an event's name; the rest is cut off."""


_decoders: Final = {source: msgspec.json.Decoder(names) for source, names in EVENT_NAMES.items()}

_BRACKETS: Final = bytes.maketrans(b"{}", b"[]")
_OTHERS: Final = bytes(set(range(256)) - set(b"{}[]"))
_WHERE: Final = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")


def event_name(source: Source, payload: bytes) -> str:
    """Return the sender's word for what happened, or `UNKNOWN_EVENT`.

    Raises `InvalidError` unless the payload is a JSON object in UTF-8, its event a text and its nesting at most
    `MAX_DEPTH`: then everything downstream can decode, wrap and store it.
    """
    names = _names(source, payload)
    if _is_too_deep(payload):
        raise _invalid(f"nested more than {MAX_DEPTH} deep")
    return next(filter(None, (text(name, limit=MAX_EVENT) for name in msgspec.structs.astuple(names))), UNKNOWN_EVENT)


def _names(source: Source, payload: bytes) -> msgspec.Struct:
    try:
        payload.decode()  # msgspec does not check the bytes of texts that it skips
        return _decoders[source].decode(payload)
    except UnicodeDecodeError as exc:
        raise _invalid(f"not UTF-8 at byte {exc.start}") from exc
    except RecursionError as exc:
        raise _invalid(f"nested more than {MAX_DEPTH} deep") from exc
    except msgspec.ValidationError as exc:
        where = _WHERE.search(str(exc))
        raise _invalid(_WHERE.sub("", str(exc)), at=where["path"] if where else "") from exc
    except msgspec.DecodeError as exc:
        raise _invalid(f"not JSON: {exc}") from exc


def _invalid(message: str, *, at: str = "") -> InvalidError:
    path = f"payload.{at}" if at else "payload"
    return InvalidError(f"{path}: {message}", faults=(Fault(path=path, message=message),))


def _is_too_deep(payload: bytes) -> bool:
    """Tell whether valid JSON is nested more than `MAX_DEPTH`, whatever the interpreter's own limit here is."""
    if payload.count(b"{") + payload.count(b"[") <= MAX_DEPTH:
        return False
    outside_of_strings = payload.replace(rb"\\", b"").replace(rb"\"", b"").split(b'"')[::2]
    brackets = b"".join(outside_of_strings).translate(_BRACKETS, _OTHERS)
    for _ in range(MAX_DEPTH):
        brackets = brackets.replace(b"[]", b"")
        if not brackets:
            return False
    return True
