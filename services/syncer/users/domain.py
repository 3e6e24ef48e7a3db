"""What a user may be called, and what becomes of settings when some are changed. Pure decisions."""

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
    """Nobody has set anything for this user."""

    def __init__(self, username: str) -> None:
        super().__init__(f"nothing is set for {username!r}: GET /api/users/settings lists for whom something is")


def name_of(text: str) -> str:
    """Return a user's name; raise `InvalidError` for one that cannot stand in an address or a database."""
    name = text.strip()
    is_writable = not any(unicodedata.category(each) in _UNSEEN for each in name)
    if not 1 <= len(name) <= LONGEST_NAME or not is_writable or "/" in name or name in {".", ".."}:
        message = f"a name has 1 to {LONGEST_NAME} characters, no slash, no control characters, and is no dot or two"
        raise InvalidError(message, faults=(Fault("username", message),))
    return name


def changed(before: UserSettings | None, change: ChangeUserSettings, *, at: datetime) -> UserSettings:
    """Return a user's settings after a change; raise `InvalidError` for a name that none has."""
    nothing = UserSettings(username=name_of(change.username))
    kept = before or nothing
    values: dict[str, Any] = {
        name: _now(getattr(change, name), kept=getattr(kept, name), cleared=getattr(nothing, name)) for name in _PLAIN
    }
    has_password = kept.has_password if change.password is UNSET else change.password is not None
    return msgspec.structs.replace(nothing, **values, has_password=has_password, changed_at=at)


def is_nothing(settings: UserSettings) -> bool:
    """Return whether settings say of a user no more than is true of everybody."""
    return settings == UserSettings(username=settings.username, changed_at=settings.changed_at)


def _now(given: object, *, kept: object, cleared: object) -> object:
    if given is UNSET:
        return kept
    return cleared if given is None else given
