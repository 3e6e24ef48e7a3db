"""What stands behind a button, a menu or a form: `<service>:<action>:<state…>`, at most 100 characters.

It comes back with the interaction, from messages of any age and, for whoever speaks to Discord without its own
programs, changed: whoever acts on it checks rights again. What does not fit stays in a table, and its id comes here.
"""

import re
from typing import Final

import msgspec

from shared.errors import InvalidError

LONGEST: Final = 100

_PART: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}", re.ASCII)
_STATE: Final = re.compile(r"[!-9;-~]*", re.ASCII)
"""Printable, without blanks and colons."""


class CustomId(msgspec.Struct, frozen=True):
    """Which service does what, with which state."""

    service: str
    action: str
    state: tuple[str, ...] = ()

    def __str__(self) -> str:
        return ":".join((self.service, self.action, *self.state))


def custom_id(service: str, action: str, *state: str | int) -> str:
    """Return the text; raise `InvalidError` for what would not come back as it was."""
    made = str(CustomId(service, action, tuple(str(part) for part in state)))
    if parsed(made) is None or made.count(":") != len(state) + 1:
        raise InvalidError(f"{made[:LONGEST]!r} is no id of a component")
    return made


def parsed(text: str) -> CustomId | None:
    """Return what stands behind a component; None for what none of ours is."""
    service, *rest = text.split(":")
    if len(text) > LONGEST or not rest or not all(_PART.fullmatch(part) for part in (service, rest[0])):
        return None
    if not all(_STATE.fullmatch(part) for part in rest[1:]):
        return None
    return CustomId(service, rest[0], tuple(rest[1:]))
