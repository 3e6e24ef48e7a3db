"""What a credential allows: reading, changing, and deciding who else may."""

from collections.abc import Iterable
from typing import Final, Literal

Scope = Literal["read", "write", "admin"]
ALL: Final[tuple[Scope, ...]] = ("read", "write", "admin")


def implied(scopes: Iterable[Scope]) -> frozenset[Scope]:
    """Return the scopes with those that they include: `admin` includes `write`, and `write` includes `read`."""
    highest = max((ALL.index(scope) for scope in scopes), default=-1)
    return frozenset(ALL[: highest + 1])
