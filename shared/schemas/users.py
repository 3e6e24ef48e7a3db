"""Questions about what is set for single users, between gateway and syncer; the answers are the REST shapes.

A user is known by name, as Seerr and the media servers have it. Passwords come sealed and never go back: an answer
says only whether there is one.
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


class BlockedUsers(msgspec.Struct, frozen=True):
    """Those of some names that are blocked, as they were asked for."""

    usernames: list[str]


def name_key(username: str) -> str:
    """Return what all spellings of a name have in common: case, spaces around it and composed letters do not count."""
    folded = unicodedata.normalize("NFD", username.strip()).casefold()
    return unicodedata.normalize("NFC", folded)


class ListUserSettings(
    Question[UserSettingsPage], service="syncer", tag="users.list-settings", frozen=True, kw_only=True
):
    """For whom is something set? `search` looks in names."""

    search: str | None = None
    limit: int = 50
    offset: int = 0


class FindUserSettings(Question[UserSettings], service="syncer", tag="users.find-settings", frozen=True, kw_only=True):
    """What is set for this user?"""

    username: str


class FindBlocked(Question[BlockedUsers], service="syncer", tag="users.find-blocked", frozen=True, kw_only=True):
    """Who of these is blocked? Several names may be one person's."""

    usernames: list[str]


class ChangeUserSettings(
    Question[UserSettings], service="syncer", tag="users.change-settings", frozen=True, kw_only=True, omit_defaults=True
):
    """Set what is given: what is not stays, null is as if never set. With `dry_run`, only say how it would be."""

    username: str
    blocked: bool | UnsetType | None = UNSET
    immune: bool | UnsetType | None = UNSET
    request_limit: int | UnsetType | None = UNSET
    password: SealedSecret | UnsetType | None = UNSET
    dry_run: bool = False


class ClearUserSettings(
    Question[UserSettings], service="syncer", tag="users.clear-settings", frozen=True, kw_only=True
):
    """Forget all that is set for a user; the answer is what it was."""

    username: str
