"""Questions about what is set for single users, between gateway and syncer; the answers are the REST shapes.

A user is known by name, as Seerr and the media servers have it. Passwords come sealed and never go back: an answer
says only whether there is one.
"""

import unicodedata
from datetime import datetime
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from shared.schemas.sealed_secret import SealedSecret

PASSWORD: Final = "user password"  # noqa: S105 (what a sealed secret is for)


class UserSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What is set for a user."""

    username: str
    blocked: bool = False
    """They get no user in Seerr, and may request nothing with the one that they have."""
    immune: bool = False
    """The sync of users leaves them alone."""
    request_limit: int | None = None
    """How much they may request, 0 for as much as they like; null is as their servers say."""
    has_password: bool = False
    changed_at: datetime | None = None
    """Null where nothing is kept, because nothing is set or the question only tries."""


class UserSettingsPage(msgspec.Struct, frozen=True):
    """A page of settings, by name."""

    items: list[UserSettings]
    total: int
    limit: int
    offset: int


class ListUserSettings(msgspec.Struct, frozen=True, kw_only=True, tag_field="ask", tag="users.list-settings"):
    """For whom is something set? `search` looks in names."""

    search: str | None = None
    limit: int = 50
    offset: int = 0


class FindUserSettings(msgspec.Struct, frozen=True, kw_only=True, tag_field="ask", tag="users.find-settings"):
    """What is set for this user?"""

    username: str


class BlockedUsers(msgspec.Struct, frozen=True):
    """Those of some names that are blocked, as they were asked for."""

    usernames: list[str]


class FindBlocked(msgspec.Struct, frozen=True, kw_only=True, tag_field="ask", tag="users.find-blocked"):
    """Who of these is blocked? Several names may be one person's."""

    usernames: list[str]


class ChangeUserSettings(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="ask", tag="users.change-settings"
):
    """Set what is given: what is not stays, null is as if never set. With `dry_run`, only say how it would be."""

    username: str
    blocked: bool | UnsetType | None = UNSET
    immune: bool | UnsetType | None = UNSET
    request_limit: int | UnsetType | None = UNSET
    password: SealedSecret | UnsetType | None = UNSET
    dry_run: bool = False


class ClearUserSettings(msgspec.Struct, frozen=True, kw_only=True, tag_field="ask", tag="users.clear-settings"):
    """Forget all that is set for a user; the answer is what it was."""

    username: str


def name_key(username: str) -> str:
    """Return what all spellings of a name have in common: case, spaces around it and composed letters do not count."""
    folded = unicodedata.normalize("NFD", username.strip()).casefold()
    return unicodedata.normalize("NFC", folded)
