"""Where Usher may connect to, as decisions without I/O: people type in the addresses of their servers.

Media servers live on loopback and in private networks, so those are allowed unless a setting narrows them. Never
allowed are what only an attacker would ask for (cloud metadata, link-local, multicast, addresses that hide another one)
and the ports of our own NATS and Postgres, on any host.
"""

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

import httpx
import msgspec

from shared.errors import InvalidError
from shared.schemas.secret import Secret
from shared.settings import SettingsError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class EgressError(InvalidError):
    """An address that Usher does not connect to; the text does not say what listens there."""

    title = "Address not allowed"


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


NEVER: Final[tuple[tuple[str, tuple[Network, ...]], ...]] = (
    (
        "a cloud's metadata service",
        _networks(
            "169.254.169.254/32",
            "100.100.100.200/32",
            "168.63.129.16/32",
            "fd00:ec2::254/128",
            "fd20:ce::254/128",
        ),
    ),
    ("link-local", _networks("169.254.0.0/16", "fe80::/10", "fec0::/10")),
    ("multicast or broadcast", _networks("224.0.0.0/4", "255.255.255.255/32", "ff00::/8")),
    ("reserved", _networks("0.0.0.0/8", "192.0.0.0/24", "240.0.0.0/4", "100::/64", "5f00::/16")),
    (
        "an address that maps to another one",
        _networks("::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16"),
    ),
)

OWN_PORTS: Final = frozenset({4222, 5432, 6222, 8222})
"""Where NATS and Postgres listen unless told otherwise; `ports_of` adds the configured ones."""

_PORT: Final = re.compile(r"(?::|[?&]port=)([0-9]{1,5})(?=[/?#&,]|$)")


class Egress(msgspec.Struct, frozen=True, kw_only=True):
    """The rules. With `private`, loopback and private addresses are allowed only within these networks."""

    denied_ports: frozenset[int] = OWN_PORTS
    private: tuple[Network, ...] | None = None

    def check_url(self, url: str) -> None:
        """Raise `EgressError` for an address that is never allowed; names are only resolved at connect time."""
        parsed = well_formed(url)
        if parsed.port is not None:
            self.check_port(parsed.port)
        if (address := literal(parsed.host)) is not None:
            self.check_addresses([str(address)])

    def check_port(self, port: int) -> None:
        """Raise `EgressError` for a port of Usher's own parts."""
        _check_range(port)
        if port in self.denied_ports:
            raise EgressError(f"Port {port} is kept for Usher's own parts")

    def check_addresses(self, addresses: Sequence[str]) -> list[Address]:
        """Return the addresses to connect to, in plain form; raise `EgressError` if a single one is refused."""
        if not addresses:
            raise EgressError("The address belongs to no host")
        plain = [_plain(address) for address in addresses]
        for address in plain:
            if (reason := self._refusal(address)) is not None:
                raise EgressError(f"Usher does not connect there: the address is {reason}")
        return plain

    def _refusal(self, address: Address) -> str | None:
        if not address.is_loopback:
            for reason, networks in NEVER:
                if any(address in network for network in networks):
                    return reason
        if address.is_global or self.private is None:
            return None
        return None if any(address in network for network in self.private) else "outside of the allowed private ranges"


def well_formed(url: str) -> httpx.URL:
    """Return an address in the form to connect to; raise `EgressError` if it is malformed."""
    parsed = _parse(url)
    if parsed.scheme not in {"http", "https"}:
        raise EgressError("The address must begin with http:// or https://")
    refuse_credentials(parsed)
    if not parsed.host:
        raise EgressError("The address names no host")
    if "%" in parsed.host:  # what httpx makes of a space
        raise EgressError("The address names an impossible host")
    if parsed.port is not None:
        _check_range(parsed.port)
    return parsed


def refuse_credentials(url: httpx.URL) -> None:
    """Raise `EgressError` for an address with a user name or password, which whoever answers would get."""
    if url.userinfo:
        raise EgressError("The address must not hold a user name or password")


def _check_range(port: int) -> None:
    if not 1 <= port <= 65535:  # noqa: PLR2004  # the range of ports
        raise EgressError("The port must be from 1 to 65535")


def origin_of(url: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port of an address; the port is None if it is the scheme's own."""
    parsed = _parse(url)
    return parsed.scheme, parsed.host, parsed.port


def canonical(url: str) -> str:
    """Return an address in one spelling: scheme and host in lower case, without the scheme's own port."""
    parsed = _parse(str(_parse(url)))  # a default port is known only by a scheme in lower case
    address = literal(parsed.host)
    return str(parsed.copy_with(host=str(address)) if isinstance(address, IPv6Address) else parsed)


def literal(host: str) -> Address | None:
    """Return the IP address that a host spells, also as C's `inet_aton` reads it (2130706433, 0x7f.1, 0177.0.0.1)."""
    text = host.removesuffix(".").strip("[]")
    try:
        return ip_address(text)
    except ValueError:
        return _four_bytes(text.split("."))


def _four_bytes(parts: list[str]) -> IPv4Address | None:
    numbers = [_number(part) for part in parts]
    *leading, last = numbers
    if last is None or len(leading) > 3:  # noqa: PLR2004  # a.b.c.d
        return None
    value = 0
    for number in leading:
        if number is None or number > 255:  # noqa: PLR2004  # a byte
            return None
        value = value << 8 | number
    rest = 8 * (4 - len(leading))
    return IPv4Address(value << rest | last) if last < 1 << rest else None


def _number(text: str) -> int | None:
    for pattern, base in ((r"0[xX][0-9a-fA-F]{1,20}", 16), (r"0[0-7]{0,20}", 8), (r"[1-9][0-9]{0,20}", 10)):
        if re.fullmatch(pattern, text):
            return int(text, base)
    return None


def _plain(text: str) -> Address:
    try:
        address = ip_address(text)
    except ValueError as exc:
        raise EgressError("Usher does not connect there: the address cannot be read") from exc
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return address if mapped is None else mapped


def _parse(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
        _ = parsed.host  # which is decoded when it is read: not all that begins with xn-- can be
    except (httpx.InvalidURL, UnicodeError) as exc:
        raise EgressError("The address cannot be read: expected something like http://192.168.1.20:32400") from exc
    return parsed


def ports_of(addresses: Iterable[Secret]) -> frozenset[int]:
    """Return the ports that NATS_URL and DATABASE_URL name, to be denied beside `OWN_PORTS`."""
    hosts = [part.rpartition("@")[2] for address in addresses for part in address.reveal().split(",")]
    return frozenset(int(port) for host in hosts for port in _PORT.findall(host))


def private_networks(text: str) -> tuple[Network, ...] | None:
    """Return the networks of USHER_ALLOW_PRIVATE, separated by commas; None if it is empty: all are allowed."""
    try:
        return tuple(ip_network(part.strip()) for part in text.split(",")) if text.strip() else None
    except ValueError as exc:
        raise SettingsError(
            f"USHER_ALLOW_PRIVATE is {text[:80]!r}: expected networks separated by commas, "
            "for example 192.168.1.0/24,127.0.0.0/8"
        ) from exc
