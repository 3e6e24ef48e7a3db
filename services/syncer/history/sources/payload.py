"""Decoding that never fails: bytes come out as the sender's Struct, or as `Ignored` with the field that did not fit."""

from typing import TypeVar

import msgspec

from services.syncer.history.sources.outcome import Ignored
from shared import templates
from shared.leniency import text

T = TypeVar("T")


def decoded(decoder: msgspec.json.Decoder[T], payload: bytes) -> T | Ignored:
    """Return what the bytes hold; msgspec's message names the field, and never a value."""
    try:
        return templates.decode(decoder, payload)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        return Ignored(f"the payload does not fit: {exc}")
    except RecursionError:
        return Ignored("the payload does not fit: nested too deep")


def converted(tree: dict[str, object], kind: type[T]) -> T | Ignored:
    """Return what an already decoded object holds."""
    try:
        return msgspec.convert(tree, kind)
    except msgspec.ValidationError as exc:
        return Ignored(f"the payload does not fit: {exc}")


def unknown_event(name: object) -> Ignored:
    """Return why an event that is in no table of ours is ignored."""
    word = text(name, limit=100)
    return Ignored(f"unknown event {word!r}" if word else "it names no event", known=False)
