"""Accounts, PINs and servers as plex.tv writes them, and as our types."""

from datetime import datetime
from typing import Any

import msgspec

from shared.clients.plex_connections import Connection
from shared.leniency import moment, text
from shared.schemas.secret import Secret


class Pin(msgspec.Struct, frozen=True):
    """A PIN that waits to be claimed; `code` has four characters, or many where it was made strong."""

    id: int
    code: str
    expires_at: datetime


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a token belongs to. A managed Home user has no e-mail, and is known by `uuid`."""

    id: int
    uuid: str
    username: str
    email: str | None
    restricted: bool
    home: bool


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """A Plex server that an account reaches, with the token that is for this server only."""

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
        """Return it as ours; None where it lacks what makes it one."""
        expires_at = moment(self.expires_at)
        return Pin(id=self.id, code=self.code, expires_at=expires_at) if expires_at and self.code else None


class WireUser(msgspec.Struct, frozen=True, rename="camel"):
    """An account or a member of a Home as plex.tv writes it; its own token is left unread."""

    id: int
    uuid: str
    username: str | None = None
    title: str | None = None
    friendly_name: str | None = None
    email: str | None = None
    restricted: bool | None = None
    home: bool | None = None

    def account(self) -> Account:
        """Return it as the account of a token."""
        return Account(
            id=self.id,
            uuid=self.uuid,
            username=self._name(),
            email=text(self.email),
            restricted=bool(self.restricted),
            home=bool(self.home),
        )

    def _name(self) -> str:
        # managed users have no user name
        return text(self.username) or text(self.title) or text(self.friendly_name) or str(self.id)


class WireConnection(msgspec.Struct, frozen=True, rename={"ipv6": "IPv6"}):
    """An address of a device as plex.tv writes it."""

    uri: str | None = None
    local: bool | None = None
    relay: bool | None = None
    address: str | None = None
    port: int | None = None
    ipv6: bool | None = None


class WireDevice(msgspec.Struct, frozen=True, rename="camel"):
    """A device as plex.tv writes it; players are among them."""

    client_identifier: str
    name: str | None = None
    provides: str | None = None
    product_version: str | None = None
    owned: bool | None = None
    https_required: bool | None = None
    access_token: str | None = None
    connections: list[WireConnection] | None = None

    def is_server(self) -> bool:
        """Return whether it is a media server; `provides` is a list with commas."""
        return "server" in (self.provides or "").split(",")

    def server(self) -> Server:
        """Return it as ours."""
        return Server(
            machine_id=self.client_identifier,
            name=text(self.name) or self.client_identifier,
            version=text(self.product_version) or "",
            owned=bool(self.owned),
            https_required=bool(self.https_required),
            access_token=Secret(self.access_token) if self.access_token else None,
            connections=tuple(_connection(wire, wire.uri) for wire in self.connections or [] if wire.uri),
        )


def _connection(wire: WireConnection, uri: str) -> Connection:
    return Connection(
        uri=uri,
        local=bool(wire.local),
        relay=bool(wire.relay),
        address=wire.address or "",
        port=wire.port or 32400,
        ipv6=bool(wire.ipv6),
    )
