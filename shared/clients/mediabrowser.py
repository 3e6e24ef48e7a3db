"""What Jellyfin and Emby have in common: they were one project, and people sign in to both in the same way."""

from typing import Any
from urllib.parse import quote

import httpx
import msgspec

from shared.clients.errors import WrongPasswordError
from shared.errors import Fault, UsherError
from shared.http.calls import RefusedError
from shared.leniency import compact, flag, text
from shared.schemas.secret import Secret
from shared.version import product_version


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """The device that a sign-in is for. `id` must differ for each person, for example derived from their id.

    A sign-in ends all earlier ones of the same device; on Emby and on Jellyfin before 10.9 also those of other users.
    """

    id: str
    name: str = "Usher"
    client: str = "Usher"
    version: str = msgspec.field(default_factory=product_version)


class PublicServer(msgspec.Struct, frozen=True):
    """What a server tells anyone."""

    id: str
    name: str
    version: str
    product: str = ""
    """Jellyfin names itself; Emby does not."""

    @property
    def is_jellyfin(self) -> bool:
        """Return whether it is Jellyfin and not Emby, which answers the same call in the same shape."""
        return "jellyfin" in self.product.lower()


class User(msgspec.Struct, frozen=True, kw_only=True):
    """An account of one server."""

    id: str
    name: str
    is_admin: bool
    is_disabled: bool


class SignedIn(msgspec.Struct, frozen=True):
    """The account that a person signed in to, and its token."""

    user: User
    token: Secret
    server_id: str


class WireServer(msgspec.Struct, frozen=True, rename="pascal"):
    """`/System/Info/Public`."""

    id: str
    server_name: str | None = None
    version: str | None = None
    product_name: str | None = None

    def server(self) -> PublicServer:
        """Return it as our type."""
        return PublicServer(
            id=compact(self.id),
            name=text(self.server_name) or self.id,
            version=text(self.version) or "",
            product=text(self.product_name) or "",
        )


class WirePolicy(msgspec.Struct, frozen=True, rename="pascal"):
    """What a user may do, as far as we read it."""

    is_administrator: Any = None
    is_disabled: Any = None


class WireUser(msgspec.Struct, frozen=True, rename="pascal"):
    """A user as the server writes it."""

    id: str
    name: Any = None
    policy: Any = None

    def user(self) -> User:
        """Return it as our type."""
        policy = msgspec.convert(self.policy, WirePolicy) if isinstance(self.policy, dict) else WirePolicy()
        return User(
            id=compact(self.id),
            name=text(self.name) or self.id,
            is_admin=flag(policy.is_administrator) or False,
            is_disabled=flag(policy.is_disabled) or False,
        )


def user_of(entry: object) -> User:
    """Return an entry of a list of users; raise `msgspec.ValidationError` if it is malformed."""
    return msgspec.convert(entry, WireUser, strict=False).user()


class WireSignedIn(msgspec.Struct, frozen=True, rename="pascal"):
    """The answer to a sign-in."""

    user: WireUser
    access_token: str
    server_id: str | None = None

    def signed_in(self) -> SignedIn:
        """Return it as our type."""
        return SignedIn(self.user.user(), Secret(self.access_token), compact(self.server_id or ""))


def authorization(scheme: str, device: Device, *, token: Secret | None = None) -> Secret:
    """Return the value of `Authorization`: named values in quotes, percent-encoded so that a name can hold anything."""
    values = {"Client": device.client, "Device": device.name, "DeviceId": device.id, "Version": device.version}
    if token is not None:
        values["Token"] = token.reveal()
    return Secret(f"{scheme} " + ", ".join(f'{name}="{quote(value, safe="")}"' for name, value in values.items()))


def not_signed_in(response: httpx.Response) -> UsherError | None:
    """Return the error of a refused sign-in: 401 is about the password, 403 about the account."""
    match response.status_code:
        case httpx.codes.UNAUTHORIZED:
            fault = Fault("password", "does not fit the user name")
            return WrongPasswordError("The user name or the password is wrong", faults=(fault,))
        case httpx.codes.FORBIDDEN:
            return RefusedError("The account is disabled, locked, or not allowed from here", answered=403)
        case _:
            return None
