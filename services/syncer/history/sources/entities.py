"""HTML entities in hand-written templates for Jellyfin's plug-in, which escapes `{{Name}}`.

What the plug-in sends by itself is not escaped, so an entity there is part of the title. The values that are no texts
tell the two apart: the plug-in writes JSON's own booleans and numbers, a template writes words.
"""

from typing import TypeVar

import msgspec

from shared.templates import unescape_html

S = TypeVar("S", bound=msgspec.Struct)


def read(body: S, *values: object) -> S:
    """Return a body with its texts decoded, if one of the values that should be no text is written as one."""
    return _decode(body) if any(isinstance(value, str) and value.strip() for value in values) else body


def _decode(body: S) -> S:
    fields = ((name, getattr(body, name)) for name in body.__struct_fields__)
    return msgspec.structs.replace(body, **{name: _meant(value) for name, value in fields})


def _meant(value: object) -> object:
    match value:
        case str():
            return unescape_html(value)
        case msgspec.Struct():
            return _decode(value)
        case _:
            return value
