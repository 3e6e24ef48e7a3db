"""Questions about the settings of single users, between gateway and syncer; the answers are the REST shapes.

A user is identified by the name that Seerr and the media servers use. Passwords arrive sealed and are never returned:
answers say only whether one is set.
"""

import unicodedata
from datetime import datetime
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from shared.schemas.question import Question
from shared.schemas.sealed_secret import SealedSecret

PASSWORD: Final = "user password"  # noqa: S105 (what a sealed secret is for)


class UserSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of a user."""

    username: str
    blocked: bool = False
    """They get no user in Seerr, and may request nothing if they have one."""
    immune: bool = False
    """The sync of users leaves them alone."""
    request_limit: int | None = None
    """How many requests they may make, 0 for no limit; null uses the limit of their servers."""
    has_password: bool = False
    changed_at: datetime | None = None
    """Null if nothing is stored, because nothing is set or it was a dry run."""


class UserSettingsPage(msgspec.Struct, frozen=True):
    """A page of settings, by name."""

    items: list[UserSettings]
    total: int
    limit: int
    offset: int


class BlockedUsers(msgspec.Struct, frozen=True):
    """The blocked ones of the names asked about, spelled as asked."""

    usernames: list[str]


def name_key(username: str) -> str:
    """Return one key for all spellings of a name: case, surrounding spaces and composed letters do not matter."""
    folded = unicodedata.normalize("NFD", username.strip()).casefold()
    return unicodedata.normalize("NFC", folded)


class ListUserSettings(
    Question[UserSettingsPage], service="syncer", tag="users.list-settings", frozen=True, kw_only=True
):
    """List the users who have settings; `search` looks in names."""

    search: str | None = None
    limit: int = 50
    offset: int = 0


class FindUserSettings(Question[UserSettings], service="syncer", tag="users.find-settings", frozen=True, kw_only=True):
    """Find the settings of a user."""

    username: str


class FindBlocked(Question[BlockedUsers], service="syncer", tag="users.find-blocked", frozen=True, kw_only=True):
    """Find which of these names are blocked; several may belong to one person."""

    usernames: list[str]


class ChangeUserSettings(
    Question[UserSettings], service="syncer", tag="users.change-settings", frozen=True, kw_only=True, omit_defaults=True
):
    """Change the given settings; null resets one. With `dry_run`, only return what the result would be."""

    username: str
    blocked: bool | UnsetType | None = UNSET
    immune: bool | UnsetType | None = UNSET
    request_limit: int | UnsetType | None = UNSET
    password: SealedSecret | UnsetType | None = UNSET
    dry_run: bool = False


class ClearUserSettings(
    Question[UserSettings], service="syncer", tag="users.clear-settings", frozen=True, kw_only=True
):
    """Remove all settings of a user; the answer is what they were."""

    username: str
