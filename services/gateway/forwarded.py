"""The caller's address behind a proxy: `X-Forwarded-For` counts only from trusted proxies.

Each proxy appends the address that called it, so anything further left is whatever the caller wrote:
https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/X-Forwarded-For#selecting_an_ip_address
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Final

from litestar.types import ASGIApp, Receive, Scope, Send

from shared.settings import SettingsError

Network = IPv4Network | IPv6Network
_HEADER: Final = b"x-forwarded-for"
_MOST_HOPS: Final = 20


def networks(text: str) -> tuple[Network, ...]:
    """Return the networks of USHER_TRUSTED_PROXIES; raises `SettingsError`."""
    try:
        return tuple(ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip())
    except ValueError as exc:
        raise SettingsError(
            f"USHER_TRUSTED_PROXIES is {text[:80]!r}: expected networks separated by commas, "
            "for example 127.0.0.1,172.16.0.0/12"
        ) from exc


class ForwardedAddress:
    """Gives the application the caller's address instead of the trusted proxy's."""

    def __init__(self, app: ASGIApp, trusted: tuple[Network, ...]) -> None:
        self._app = app
        self._trusted = trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given: Any = scope
        hops = [value for name, value in given["headers"] if name == _HEADER]
        if hops and given["client"] is not None:
            host, port = given["client"]
            given = {**given, "client": (caller(host, hops, self._trusted), port)}
        await self._app(given, receive, send)


def caller(peer: str, hops: Iterable[bytes], trusted: tuple[Network, ...]) -> str:
    """Return the last address that is no trusted proxy's, or the last trusted one before what is no address."""
    way = b",".join(hops).decode("latin-1").split(",")
    found = peer
    for hop in (peer, *reversed(way[-_MOST_HOPS:])):
        address = _address(hop)
        if address is None:
            return found
        found = str(address)
        if not any(address in network for network in trusted):
            return found
    return found


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.strip().removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
