"""What Jellyfin and Emby share: users with passwords, devices with tokens, and the header that names the client."""

import re
import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

import msgspec

from simulators.asgi import Request
from simulators.determinism import Clock, Ids

_HEADERS: Final = ("authorization", "x-emby-authorization")
_PAIR: Final = re.compile(r'(\w+)="?((?:[^",]|(?<=\\)")*)"?')


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """The application and device that the header names, with their token if it has one."""

    token: str = ""
    client: str = ""
    device: str = ""
    device_id: str = ""
    version: str = ""

    @property
    def is_named(self) -> bool:
        """Tell whether a session can be made for it."""
        return bool(self.client and self.device and self.device_id and self.version)


class User(msgspec.Struct, kw_only=True):
    """A user; without a password, the name alone signs in."""

    id: str
    name: str
    password: str = ""
    is_administrator: bool = False
    is_disabled: bool = False
    last_login_at: datetime | None = None


def client_of(request: Request, *schemes: str, headers: Collection[str] = _HEADERS) -> Client:
    """Parse a header of one of these schemes: `MediaBrowser Client="…", Device="…", …`."""
    for name in headers:
        scheme, _, pairs = request.header(name).partition(" ")
        if scheme in schemes:
            named: dict[str, str] = dict(_PAIR.findall(pairs))
            return Client(
                token=named.get("Token", ""),
                client=named.get("Client", ""),
                device=named.get("Device", ""),
                device_id=named.get("DeviceId", ""),
                version=named.get("Version", ""),
            )
    return Client()


class Household:
    """The users of one server, their tokens, and the keys of administrators."""

    def __init__(self, clock: Clock, ids: Ids, *, dashed: bool = False, one_session_a_device: bool = False) -> None:
        self.clock = clock
        self.ids = ids
        self._dashed = dashed
        self.one_session_a_device = one_session_a_device
        self.users: dict[str, User] = {}
        self._tokens: dict[str, tuple[str | None, Client]] = {}

    def add(self, name: str, password: str = "", *, is_administrator: bool = False) -> User:
        """Add a user."""
        number = uuid.UUID(bytes=self.ids.digest("user")[:16])
        user_id = str(number) if self._dashed else number.hex
        user = User(id=user_id, name=name, password=password, is_administrator=is_administrator)
        self.users[user.id] = user
        return user

    def add_key(self) -> str:
        """Return a new API key, which belongs to no user and sees all users."""
        key = self.ids.hexadecimal("key", 32)
        self._tokens[key] = (None, Client(token=key))
        return key

    def by_name(self, name: str) -> User | None:
        """Return the user with a name, ignoring case."""
        return next((user for user in self.users.values() if user.name.lower() == name.lower()), None)

    def sign_in(self, user: User, client: Client) -> str:
        """Return a new token; revoke the one that the user had on this device, or all tokens of the device."""
        for token, (user_id, before) in list(self._tokens.items()):
            is_replaced = self.one_session_a_device or user_id == user.id
            if user_id is not None and is_replaced and before.device_id == client.device_id:
                del self._tokens[token]
        token = self.ids.hexadecimal("token", 32)
        self._tokens[token] = (user.id, client)
        user.last_login_at = self.clock.now()
        return token

    def revoke(self, token: str) -> None:
        """Revoke a token or a key."""
        self._tokens.pop(token, None)

    def revoke_all(self, user: User) -> None:
        """Revoke all tokens of a user, as a new password does."""
        for token in self.tokens_of(user):
            del self._tokens[token]

    def tokens_of(self, user: User) -> list[str]:
        """Return a user's tokens, newest last."""
        return [token for token, (user_id, _) in self._tokens.items() if user_id == user.id]

    def is_known(self, token: str) -> bool:
        """Tell whether a token or key is valid; those of disabled users are not."""
        if token not in self._tokens:
            return False
        holder = self.holder(token)
        return holder is None or not holder.is_disabled

    def holder(self, token: str) -> User | None:
        """Return the user of a token, or None for an API key."""
        user_id, _ = self._tokens.get(token, (None, Client()))
        return None if user_id is None else self.users.get(user_id)

    def sees_all(self, token: str) -> bool:
        """Tell whether a token is an administrator's or an API key."""
        holder = self.holder(token)
        return self.is_known(token) and (holder is None or holder.is_administrator)


def moment(at: datetime) -> str:
    """Format a time as both do, to a tenth of a microsecond."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f0Z")


def user_body(user: User, *, server_id: str, configuration: dict[str, Any], policy: dict[str, Any]) -> dict[str, Any]:
    """Return a user's JSON, which has no e-mail address."""
    logged_in = {} if user.last_login_at is None else {"LastLoginDate": moment(user.last_login_at)}
    return {
        "Name": user.name,
        "ServerId": server_id,
        "Id": user.id,
        "HasPassword": bool(user.password),
        "HasConfiguredPassword": bool(user.password),
        "HasConfiguredEasyPassword": False,
        "EnableAutoLogin": False,
        **logged_in,
        "Configuration": configuration,
        "Policy": {**policy, "IsAdministrator": user.is_administrator, "IsDisabled": user.is_disabled},
    }
