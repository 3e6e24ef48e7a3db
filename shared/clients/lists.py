"""A list of somebody else's, read entry by entry: one that is odd does not spoil the others, and is not kept quiet."""

from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, TypeVar

import msgspec

from shared.leniency import text

_NAMES: Final = ("name", "Name", "title", "username")
_LONGEST_NAME: Final = 60
_LONGEST_REASON: Final = 200

T = TypeVar("T")


class PartialList(msgspec.Struct, Generic[T], frozen=True):
    """What could be read, and for each entry that could not, which it is and why.

    Where there are problems the list has gaps: what is not in it may be there all the same.
    """

    rows: list[T]
    problems: tuple[str, ...] = ()


def read_list(entries: Sequence[object], read: Callable[[Any], T | None]) -> PartialList[T]:
    """Read each entry; `read` raises `msgspec.ValidationError` for an odd one, and leaves one out with None."""
    rows: list[T] = []
    problems: list[str] = []
    for number, entry in enumerate(entries, start=1):
        try:
            row = read(entry)
        except msgspec.ValidationError as exc:
            problems.append(f"entry {number}{_named(entry)} cannot be read: {str(exc)[:_LONGEST_REASON]}")
        else:
            if row is not None:
                rows.append(row)
    return PartialList(rows, tuple(problems))


def _named(entry: object) -> str:
    found = [text(entry.get(name), limit=_LONGEST_NAME) for name in _NAMES] if isinstance(entry, dict) else []
    name = next(filter(None, found), None)
    return "" if name is None else f" ({name})"
