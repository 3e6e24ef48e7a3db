"""Accounts, PINs and servers as plex.tv writes them, and as our types."""

from datetime import datetime
from typing import Any, Final

import msgspec

from shared.clients.plex_connections import LONGEST, PORT, Connection
from shared.leniency import flag, moment, number, text
from shared.schemas.secret import Secret

_LONGEST_TOKEN: Final = 2_000
_LAST_PORT: Final = 65_535


class Pin(msgspec.Struct, frozen=True):
    """A PIN that waits to be claimed; `code` has four characters, or many if it is a strong one."""

    id: int
    code: str
    expires_at: datetime


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """The account of a token. A managed Home user has no e-mail, and is identified by `uuid`."""

    id: int
    uuid: str
    username: str
    email: str | None
    restricted: bool
    home: bool


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """A Plex server that an account can reach, with the token that is valid for this server only."""

    machine_id: str
    name: str
    version: str
    owned: bool
    https_required: bool
    access_token: Secret | None
    connections: tuple[Connection, ...]


class WirePin(msgspec.Struct, frozen=True, rename="camel"):
    """A PIN as plex.tv writes it."""

    id: int
    code: str = ""
    expires_at: Any = None
    auth_token: str | None = None

    def pin(self) -> Pin | None:
        """Return it as our type; None if an essential part is missing."""
        expires_at = moment(self.expires_at)
        return Pin(id=self.id, code=self.code, expires_at=expires_at) if expires_at and self.code else None


class WireUser(msgspec.Struct, frozen=True, rename="camel"):
    """An account or a member of a Home as plex.tv writes it; we do not read its own token."""

    id: int
    uuid: str
    username: Any = None
    title: Any = None
    friendly_name: Any = None
    email: Any = None
    restricted: Any = None
    home: Any = None

    def account(self) -> Account:
        """Return it as the account of a token."""
        return Account(
            id=self.id,
            uuid=self.uuid,
            username=self._name(),
            email=text(self.email),
            restricted=flag(self.restricted) or False,
            home=flag(self.home) or False,
        )

    def _name(self) -> str:
        # managed users have no user name
        return text(self.username) or text(self.title) or text(self.friendly_name) or str(self.id)


class WireConnection(msgspec.Struct, frozen=True, rename={"ipv6": "IPv6"}):
    """A device's address as plex.tv writes it, which may be anything: `Connection` says what is wrong with it."""

    uri: Any = None
    local: Any = None
    relay: Any = None
    address: Any = None
    port: Any = None
    ipv6: Any = None

    def connection(self) -> Connection:
        """Return it as our type."""
        return Connection(
            uri=text(self.uri, limit=LONGEST + 1) or "",
            local=flag(self.local) or False,
            relay=flag(self.relay) or False,
            address=text(self.address) or "",
            port=PORT if self.port is None else number(self.port, low=1, high=_LAST_PORT),
            ipv6=flag(self.ipv6) or False,
        )


class WireDevice(msgspec.Struct, frozen=True, rename="camel"):
    """A device as plex.tv writes it; players are devices too."""

    client_identifier: Any = None
    name: Any = None
    provides: Any = None
    product_version: Any = None
    owned: Any = None
    https_required: Any = None
    access_token: Any = None
    connections: Any = None

    def server(self) -> Server | None:
        """Return it as our type, None if it is no media server; raise `msgspec.ValidationError` if it is malformed."""
        if not self._is_server():
            return None
        if (machine_id := text(self.client_identifier)) is None:
            raise msgspec.ValidationError("it does not say which server it is (clientIdentifier)")
        if not isinstance(self.connections, list | None):
            raise msgspec.ValidationError("its connections are not a list")
        token = text(self.access_token, limit=_LONGEST_TOKEN)
        return Server(
            machine_id=machine_id,
            name=text(self.name) or machine_id,
            version=text(self.product_version) or "",
            owned=flag(self.owned) or False,
            https_required=flag(self.https_required) or False,
            access_token=None if token is None else Secret(token),
            connections=tuple(_connection_of(entry) for entry in self.connections or []),
        )

    def _is_server(self) -> bool:
        """Return whether it is a media server; `provides` is a list with commas."""
        match self.provides:
            case None:
                return False
            case str() as provides:
                return "server" in provides.split(",")
            case _:
                raise msgspec.ValidationError("it does not say what it is (provides)")


def _connection_of(entry: object) -> Connection:
    wire = msgspec.convert(entry, WireConnection) if isinstance(entry, dict) else WireConnection()
    return wire.connection()


def server_of(entry: object) -> Server | None:
    """Return an entry of plex.tv's list of devices as `WireDevice.server` does."""
    return msgspec.convert(entry, WireDevice).server()
