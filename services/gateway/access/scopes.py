"""What a credential allows: a person's own rows, reading, changing, and deciding who else may."""

from collections.abc import Iterable
from typing import Final, Literal

Scope = Literal["self", "read", "write", "admin"]
ALL: Final[tuple[Scope, ...]] = ("read", "write", "admin")
"""Those of a credential that is nobody's in particular; `self` is for one that is a person's."""
LADDER: Final[tuple[Scope, ...]] = ("self", *ALL)


def implied(scopes: Iterable[Scope]) -> frozenset[Scope]:
    """Return the scopes with those that they include: each includes the ones below it, and `self` is the lowest."""
    highest = max((LADDER.index(scope) for scope in scopes), default=-1)
    return frozenset(LADDER[: highest + 1])


def scopes_to_show(scopes: frozenset[Scope]) -> list[Scope]:
    """Return the scopes that people are shown: `self` only where it is all there is."""
    return [scope for scope in ALL if scope in scopes] or sorted(scopes)
