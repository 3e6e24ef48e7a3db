"""Which addresses of a Plex account are this Usher's, and which belong to others."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import SplitResult, urlsplit

import msgspec

UNREADABLE: Final = "an address that Usher cannot read"
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """An account's addresses, compared with the one to set."""

    is_present: bool
    outdated: int
    """How many lead to the same place, with another secret."""
    others: list[str]

    @property
    def hosts(self) -> list[str]:
        """Return the hosts of the others: paths and queries may hold their secrets."""
        return [_host(url) for url in self.others]

    @property
    def is_settled(self) -> bool:
        """Return whether nothing needs to be changed."""
        return self.is_present and not self.outdated


def compare(present: Sequence[str], address: str) -> Comparison:
    """Compare an account's addresses with one of ours; it is ours whatever its scheme and query."""
    place = _place(address)
    own = [url for url in present if _place(url) == place]
    return Comparison(
        is_present=address in own,
        outdated=sum(url != address for url in own),
        others=[url for url in present if _place(url) != place],
    )


def _place(url: str) -> tuple[str, int | None, str] | None:
    parts = _split(url)
    if parts is None:
        return None
    port = None if parts.port == _DEFAULT_PORTS.get(parts.scheme) else parts.port
    return parts.hostname or "", port, parts.path.rstrip("/")


def _host(url: str) -> str:
    parts = _split(url)
    return (parts.hostname if parts else None) or UNREADABLE


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url.strip())
        _ = parts.port  # raises where it is none
    except ValueError:
        return None
    return parts
