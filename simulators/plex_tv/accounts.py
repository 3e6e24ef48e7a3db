"""plex.tv's accounts, Homes, shared servers and tokens."""

import uuid
from datetime import datetime
from typing import Final

import msgspec

from simulators.determinism import Clock, Ids

_FIRST_ID: Final = 13_692_262


class PlexAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account; a managed one belongs to a Home and has neither user name nor e-mail."""

    id: int
    uuid: str
    title: str
    username: str | None
    email: str | None
    joined_at: datetime
    home_of: int | None = None
    """The account whose Home this one belongs to; the admin's is their own."""
    is_restricted: bool = False
    home_pin: str | None = None
    has_pass: bool = False

    @property
    def thumb(self) -> str:
        """The address of the picture, which contains the start of the account's uuid."""
        return f"https://plex.tv/users/{self.uuid[:16]}/avatar?c=1700000000"


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """One way to a server."""

    uri: str
    address: str
    port: int
    is_local: bool = False
    is_relay: bool = False
    is_ipv6: bool = False


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A server or player of an account; a share gives another account its own token for it.

    A share may be limited to libraries, `only`, by their keys.
    """

    name: str
    machine_id: str
    owner_id: int
    access_tokens: dict[int, str]
    addresses: list[Address]
    provides: str = "server"
    product: str = "Plex Media Server"
    is_present: bool = True
    only: dict[int, tuple[str, ...]] = {}

    def shows(self, section: str, account_id: int) -> bool:
        """Tell whether an account that reaches the server sees one of its libraries."""
        return account_id not in self.only or section in self.only[account_id]


class Accounts:
    """The accounts, their devices and their tokens."""

    def __init__(self, clock: Clock, ids: Ids) -> None:
        self._clock = clock
        self._ids = ids
        self._tokens: dict[str, int] = {}
        self.by_id: dict[int, PlexAccount] = {}
        self.devices: dict[str, Device] = {}

    def add(
        self, username: str, *, email: str | None = None, home_of: int | None = None, **more: object
    ) -> PlexAccount:
        """Add someone who signed up, to a Home if one is given."""
        address = email or f"{username.lower()}@example.com"
        account = self._new(title=username, username=username, email=address, home_of=home_of)
        return self._keep(msgspec.structs.replace(account, **more))

    def add_managed(self, title: str, *, home_of: int, home_pin: str | None = None) -> PlexAccount:
        """Add a managed user to a Home: no user name, no e-mail, restricted."""
        account = self._new(title=title, username=None, email=None, home_of=home_of)
        return self._keep(msgspec.structs.replace(account, is_restricted=True, home_pin=home_pin))

    def _new(self, *, title: str, username: str | None, email: str | None, home_of: int | None) -> PlexAccount:
        number = self._ids.number("account", first=_FIRST_ID)
        name = uuid.UUID(bytes=self._ids.digest("account")[:16]).hex[:16]
        if home_of is not None:
            self._keep(msgspec.structs.replace(self.by_id[home_of], home_of=home_of))
        joined_at = self._clock.now()
        return PlexAccount(
            id=number, uuid=name, title=title, username=username, email=email, joined_at=joined_at, home_of=home_of
        )

    def _keep(self, account: PlexAccount) -> PlexAccount:
        self.by_id[account.id] = account
        return account

    def sign_in(self, account: PlexAccount) -> str:
        """Return a new token of the account, as a sign-in does."""
        token = self._ids.token("token")
        self._tokens[token] = account.id
        return token

    def revoke(self, token: str) -> None:
        """Revoke a token, as removing the device at plex.tv does."""
        self._tokens.pop(token, None)

    def sign_out_everywhere(self, account: PlexAccount) -> None:
        """Revoke all tokens of an account, as changing the password does."""
        self._tokens = {token: owner for token, owner in self._tokens.items() if owner != account.id}

    @property
    def tokens(self) -> list[str]:
        """All valid tokens."""
        return list(self._tokens)

    def holder(self, token: str) -> PlexAccount | None:
        """Return the account of a token."""
        account_id = self._tokens.get(token)
        return None if account_id is None else self.by_id[account_id]

    def add_server(self, name: str, *, owner: PlexAccount, uris: list[str], machine_id: str = "") -> Device:
        """Add a server; `https://…plex.direct` addresses count as remote, names with `relay` as the relay."""
        number = machine_id or self._ids.hexadecimal("machine", 40)
        addresses = [_address(uri) for uri in uris]
        tokens = {owner.id: self._ids.token("server token")}
        device = Device(name=name, machine_id=number, owner_id=owner.id, access_tokens=tokens, addresses=addresses)
        self.devices[number] = device
        return device

    def move(self, device: Device, uris: list[str]) -> None:
        """Publish a server under other addresses."""
        current = self.devices[device.machine_id]
        addresses = [_address(uri) for uri in uris]
        self.devices[device.machine_id] = msgspec.structs.replace(current, addresses=addresses)

    def share(self, device: Device, account: PlexAccount, *, only: tuple[str, ...] | None = None) -> str:
        """Share a server with an account, or only some libraries, and return the account's token for it."""
        token = self._ids.token("server token")
        current = self.devices[device.machine_id]
        tokens = {**current.access_tokens, account.id: token}
        limits = {each: keys for each, keys in current.only.items() if each != account.id}
        limits |= {} if only is None else {account.id: only}
        self.devices[device.machine_id] = msgspec.structs.replace(current, access_tokens=tokens, only=limits)
        return token

    def unshare(self, device: Device, account: PlexAccount) -> None:
        """End a share."""
        current = self.devices[device.machine_id]
        tokens = {each: token for each, token in current.access_tokens.items() if each != account.id}
        self.devices[device.machine_id] = msgspec.structs.replace(current, access_tokens=tokens)

    def home(self, account: PlexAccount) -> list[PlexAccount]:
        """Return the members of the account's Home, admin first; without a Home, the account alone."""
        if account.home_of is None:
            return [account]
        return [each for each in self.by_id.values() if each.home_of == account.home_of]

    def friends(self, owner: PlexAccount) -> list[PlexAccount]:
        """Return the other accounts in the owner's list of users: their Home, and those they share with."""
        shared = {each for device in self.owned(owner) for each in device.access_tokens}
        members = {each.id for each in self.home(owner)}
        return [each for each in self.by_id.values() if each.id in shared | members and each.id != owner.id]

    def owned(self, owner: PlexAccount) -> list[Device]:
        """Return the servers of an account."""
        return [device for device in self.devices.values() if device.owner_id == owner.id]


def _address(uri: str) -> Address:
    host, _, port = uri.partition("://")[2].rpartition(":")
    if not port.isdecimal():
        host, port = port, "443" if uri.startswith("https") else "80"
    is_relay = "relay" in host
    return Address(
        uri=uri,
        address=host,
        port=int(port),
        is_local=not is_relay and "plex.direct" not in host,
        is_relay=is_relay,
        is_ipv6=host.startswith("["),
    )
