"""The one media server that a Seerr is set up with, and the users that it imports from there."""

from typing import Final

from simulators.plex_tv.accounts import Accounts, PlexAccount
from simulators.seerr.users import OWNER_ID, User, Users, UserType

_PLEX: Final = 1
_JELLYFIN: Final = 2
_EMBY: Final = 3


class PlexListError(Exception):
    """The list of users at plex.tv could not be read or parsed."""


class BlankTwiceError(Exception):
    """There is already a user without name and e-mail address, and two cannot have the same address."""


class Imports:
    """Knows the users of the Plex, Jellyfin or Emby server, as the real Seerr reads them there."""

    def __init__(self, users: Users) -> None:
        self._users = users
        self.plex: Accounts | None = None
        self.machine_id = ""
        self.owner_id = 0
        self.jellyfin_names: dict[str, str] = {}
        self.jellyfin_type: UserType | None = None
        self.jellyfin_server_id = ""
        self.is_jellyfin_key_dead = False
        self.lets_new_plex_users_in = True

    @property
    def media_server_type(self) -> int:
        """Return Seerr's number for the kind of server."""
        if self.jellyfin_type is None:
            return _PLEX
        return _EMBY if self.jellyfin_type is UserType.EMBY else _JELLYFIN

    def has_access(self, account: PlexAccount) -> bool:
        """Tell whether a Plex account may use the server; its owner always may."""
        device = None if self.plex is None else self.plex.devices.get(self.machine_id)
        return account.id == self.owner_id or (device is not None and account.id in device.access_tokens)

    def candidates(self) -> list[PlexAccount]:
        """Return the users in plex.tv's list, read with the owner's token.

        Raises `PlexListError` with the real one's message if the token is invalid or the list is empty.
        """
        owner = self._users.by_id[OWNER_ID]
        holder = None if self.plex is None else self.plex.holder(owner.plex_token or "")
        if self.plex is None or holder is None:
            raise PlexListError("Request failed with status code 401")
        if not (found := self.plex.friends(holder)):
            raise PlexListError("plexUsersResponse.MediaContainer.User is not iterable")
        return found

    def import_plex(self, account: PlexAccount) -> User | None:
        """Import a Plex user and return the new row; an existing row is updated and not returned."""
        if not account.email:
            return None
        known = self._find(account)
        if known is None:
            return self._add_plex(account) if self.has_access(account) else None
        known.email, known.plex_username, known.avatar = account.email.lower(), account.username, account.thumb
        if known.user_type is UserType.LOCAL:
            known.user_type, known.plex_id = UserType.PLEX, account.id
        return None

    def _find(self, account: PlexAccount) -> User | None:
        email = (account.email or "").lower()
        return next(
            (each for each in self._users.by_id.values() if each.plex_id == account.id or each.email == email), None
        )

    def sign_in_plex(self, account: PlexAccount, token: str) -> User | None:
        """Sign a Plex account in, storing its token; returns None if it has no access or new users are not allowed."""
        if not self.has_access(account):
            return None
        known = self._find(account)
        if known is None and not self.lets_new_plex_users_in:
            return None
        user = known or self._add_plex(account)
        user.plex_token, user.plex_id, user.plex_username = token, account.id, account.username
        user.user_type = UserType.PLEX
        self._users.touch(user)
        return user

    def _add_plex(self, account: PlexAccount) -> User:
        return self._users.add(
            email=account.email or "",
            plex_username=account.username,
            plex_id=account.id,
            plex_token="",
            avatar=account.thumb,
            user_type=UserType.PLEX,
        )

    def import_jellyfin(self, user_id: str) -> User | None:
        """Import a user of Jellyfin or Emby, whose name replaces the e-mail address.

        An id that the server does not know exactly as written becomes a user without id, name and address; a second
        one would have the same address: `BlankTwiceError`.
        """
        name = self.jellyfin_names.get(user_id)
        known = any(user.jellyfin_user_id == user_id for user in self._users.by_id.values())
        if known or self.jellyfin_type is None:
            return None
        if name is None and self._users.with_email("") is not None:
            raise BlankTwiceError
        return self._users.add(
            email=name or "",
            jellyfin_username=name,
            jellyfin_user_id=None if name is None else user_id,
            user_type=self.jellyfin_type,
        )
