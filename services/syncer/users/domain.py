"""Which names a user may have, and how a change affects settings. Pure decisions."""

import unicodedata
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import UNSET

from shared.errors import Fault, InvalidError, NotFoundError
from shared.schemas.users import ChangeUserSettings, UserSettings

LONGEST_NAME: Final = 100
_UNSEEN: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Controls, halves of characters and breaks of lines; joiners are seen, in what they join."""
_PLAIN: Final = ("blocked", "immune", "request_limit")


class NothingSetError(NotFoundError):
    """Nothing is set for this user."""

    def __init__(self, username: str) -> None:
        super().__init__(f"nothing is set for {username!r}: GET /api/users/settings lists for whom something is")


def name_of(text: str) -> str:
    """Return a user's name; raise `InvalidError` if it cannot be part of an address or stored."""
    name = text.strip()
    is_writable = not any(unicodedata.category(each) in _UNSEEN for each in name)
    if not 1 <= len(name) <= LONGEST_NAME or not is_writable or "/" in name or name in {".", ".."}:
        message = f"a name has 1 to {LONGEST_NAME} characters, no slash, no control characters, and is no dot or two"
        raise InvalidError(message, faults=(Fault("username", message),))
    return name


def apply_change(before: UserSettings | None, change: ChangeUserSettings, *, at: datetime) -> UserSettings:
    """Return a user's settings after a change; raise `InvalidError` for an impossible name."""
    nothing = UserSettings(username=name_of(change.username))
    kept = before or nothing
    values: dict[str, Any] = {
        name: _new_value(getattr(change, name), kept=getattr(kept, name), cleared=getattr(nothing, name))
        for name in _PLAIN
    }
    has_password = kept.has_password if change.password is UNSET else change.password is not None
    return msgspec.structs.replace(nothing, **values, has_password=has_password, changed_at=at)


def is_default(settings: UserSettings) -> bool:
    """Return whether the settings are those of every user for whom nothing is set."""
    return settings == UserSettings(username=settings.username, changed_at=settings.changed_at)


def _new_value(given: object, *, kept: object, cleared: object) -> object:
    if given is UNSET:
        return kept
    return cleared if given is None else given
