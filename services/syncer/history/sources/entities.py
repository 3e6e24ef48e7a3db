"""Texts of a template that somebody wrote for Jellyfin's plug-in: `{{Name}}` comes with HTML entities.

What the plug-in sends by itself has none, so an entity in it is part of a title. The two are told apart by the values
that are no texts: JSON's own booleans and numbers by the plug-in, words by a template.
"""

from typing import TypeVar

import msgspec

from shared.templates import unescaped

S = TypeVar("S", bound=msgspec.Struct)


def read(body: S, *values: object) -> S:
    """Return a body as it was meant: its texts decoded if one of the values, which are not texts, is written as one."""
    return _decoded(body) if any(isinstance(value, str) and value.strip() for value in values) else body


def _decoded(body: S) -> S:
    fields = ((name, getattr(body, name)) for name in body.__struct_fields__)
    return msgspec.structs.replace(body, **{name: _meant(value) for name, value in fields})


def _meant(value: object) -> object:
    match value:
        case str():
            return unescaped(value)
        case msgspec.Struct():
            return _decoded(value)
        case _:
            return value
