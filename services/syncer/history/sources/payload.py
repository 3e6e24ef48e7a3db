"""Decoding that never fails: returns the sender's Struct, or `Ignored` with the field that did not fit."""

from typing import TypeVar

import msgspec

from services.syncer.history.sources.outcome import Ignored
from shared import templates
from shared.leniency import text

T = TypeVar("T")


def decode(decoder: msgspec.json.Decoder[T], payload: bytes) -> T | Ignored:
    """Return the decoded payload; msgspec's message names the field, never a value."""
    try:
        return templates.decode(decoder, payload)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        return Ignored(f"the payload does not fit: {exc}")
    except RecursionError:
        return Ignored("the payload does not fit: nested too deep")


def convert(tree: dict[str, object], kind: type[T]) -> T | Ignored:
    """Return an already decoded object as a Struct."""
    try:
        return msgspec.convert(tree, kind)
    except msgspec.ValidationError as exc:
        return Ignored(f"the payload does not fit: {exc}")


def unknown_event(name: object) -> Ignored:
    """Return `Ignored` for an event that no table here has."""
    word = text(name, limit=100)
    return Ignored(f"unknown event {word!r}" if word else "it names no event", known=False)
