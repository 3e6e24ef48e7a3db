"""A Seerr's users and their requests, as its database stores them."""

import copy
from datetime import datetime
from enum import IntEnum, IntFlag
from typing import Any, Final

import msgspec

from simulators.determinism import Clock
from simulators.seerr.dialect import Dialect

OWNER_ID: Final = 1
_HIDDEN: Final = ("email", "plexId", "settings")


class UserType(IntEnum):
    PLEX = 1
    LOCAL = 2
    JELLYFIN = 3
    EMBY = 4


class Permission(IntFlag):
    NONE = 0
    ADMIN = 2
    MANAGE_SETTINGS = 4
    MANAGE_USERS = 8
    MANAGE_REQUESTS = 16
    REQUEST = 32
    REQUEST_VIEW = 16384


class User(msgspec.Struct, kw_only=True):
    """A row of the table of users; the columns keep Seerr's names."""

    id: int
    email: str
    created_at: datetime
    updated_at: datetime
    username: str | None = None
    plex_username: str | None = None
    jellyfin_username: str | None = None
    plex_id: int | None = None
    plex_token: str | None = None
    jellyfin_user_id: str | None = None
    user_type: UserType = UserType.LOCAL
    permissions: int = Permission.REQUEST
    avatar: str = ""
    password: str | None = None
    quotas: dict[str, int | None] = {}
    settings: dict[str, Any] | None = None
    """The row of settings, which most users do not have until something is saved there."""

    def may(self, permission: Permission) -> bool:
        """Tell whether the user has a permission; administrators have all."""
        return bool(self.permissions & (permission | Permission.ADMIN))


class MediaRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request for a title."""

    id: int
    user_id: int
    media_type: str
    tmdb_id: int
    status: int
    created_at: datetime
    seasons: tuple[int, ...] = ()


class Users:
    """The users, owner first; no two have the same e-mail address."""

    def __init__(self, clock: Clock, dialect: Dialect) -> None:
        self._clock = clock
        self._dialect = dialect
        self._next_id = OWNER_ID
        self.by_id: dict[int, User] = {}
        self.requests: list[MediaRequest] = []

    def add(self, *, email: str, **columns: Any) -> User:
        """Add a user; e-mail addresses are stored in lower case."""
        now = self._clock.now()
        user = User(id=self._next_id, email=email.lower(), created_at=now, updated_at=now, **columns)
        self._next_id += 1
        self.by_id[user.id] = user
        return user

    def empty(self) -> None:
        """Delete all users, as a new database does: numbers start again at the first."""
        self.by_id.clear()
        self.requests.clear()
        self._next_id = OWNER_ID

    def copy(self) -> "tuple[dict[int, User], int]":
        """Return a backup of the table of users."""
        return copy.deepcopy(self.by_id), self._next_id

    def restore(self, backup: "tuple[dict[int, User], int]") -> None:
        """Replace the table with a backup."""
        rows, self._next_id = copy.deepcopy(backup)
        self.by_id = rows
        self.requests.clear()

    def remove(self, user: User) -> None:
        """Remove a user and, as Seerr does, all their requests."""
        del self.by_id[user.id]
        self.requests = [each for each in self.requests if each.user_id != user.id]

    def find(self, number: str | int) -> User | None:
        """Return the user of an id as it stood in a path or a header."""
        text = str(number)
        return self.by_id.get(int(text)) if text.isdecimal() else None

    def with_email(self, email: str) -> User | None:
        """Return the user with this e-mail address."""
        return next((user for user in self.by_id.values() if user.email == email.lower()), None)

    def ask_for(
        self, user: User, media_type: str, tmdb_id: int, *, status: int = 1, seasons: tuple[int, ...] = ()
    ) -> None:
        """Add a user's request; status 1 is pending, 2 approved, 3 declined, 4 failed, 5 completed."""
        self.requests.append(
            MediaRequest(
                id=len(self.requests) + 1,
                user_id=user.id,
                media_type=media_type,
                tmdb_id=tmdb_id,
                status=status,
                created_at=self._clock.now(),
                seasons=seasons,
            )
        )

    def touch(self, user: User) -> None:
        """Update when a user was last saved."""
        user.updated_at = self._clock.now()

    def row(self, user: User) -> dict[str, Any]:
        """Return a user as in the list: without settings, which the query does not join."""
        requested = sum(request.user_id == user.id for request in self.requests)
        shown = user.username or user.plex_username or user.jellyfin_username or user.email
        return {**self._columns(user), "warnings": [], "displayName": shown, "requestCount": requested}

    def saved(self, user: User) -> dict[str, Any]:
        """Return a user as answered to a save: without e-mail, Plex id, settings and counts."""
        columns = self._columns(user)
        return {**{name: value for name, value in columns.items() if name not in _HIDDEN}, "warnings": []}

    def full(self, user: User, *, to_manager: bool) -> dict[str, Any]:
        """Return a user as answered to a request for one."""
        row = self.row(user)
        if user.settings is not None:
            row["settings"] = {"id": user.id, **user.settings}
        return row if to_manager else {name: value for name, value in row.items() if name not in _HIDDEN}

    def _columns(self, user: User) -> dict[str, Any]:
        jellyfin = {"jellyfinUsername": user.jellyfin_username, "jellyfinUserId": user.jellyfin_user_id}
        return {
            "permissions": int(user.permissions),
            "id": user.id,
            "email": user.email,
            "plexUsername": user.plex_username,
            **(jellyfin if self._dialect.speaks_jellyfin else {}),
            "username": user.username,
            "recoveryLinkExpirationDate": None,
            "userType": int(user.user_type),
            "plexId": user.plex_id,
            "avatar": user.avatar,
            "movieQuotaLimit": user.quotas.get("movieQuotaLimit"),
            "movieQuotaDays": user.quotas.get("movieQuotaDays"),
            "tvQuotaLimit": user.quotas.get("tvQuotaLimit"),
            "tvQuotaDays": user.quotas.get("tvQuotaDays"),
            "createdAt": moment(user.created_at),
            "updatedAt": moment(user.updated_at),
        }


def moment(at: datetime) -> str:
    """Format a time as Seerr does."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
