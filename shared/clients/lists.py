"""Reads another system's list entry by entry: a malformed entry does not spoil the others, and is reported."""

from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, TypeVar

import msgspec

from shared.leniency import text

_NAMES: Final = ("name", "Name", "title", "username")
_LONGEST_NAME: Final = 60
_LONGEST_REASON: Final = 200

T = TypeVar("T")


class PartialList(msgspec.Struct, Generic[T], frozen=True):
    """The entries that could be read, and for each of the others which it is and why.

    If there are problems, the list has gaps: what is not in it may exist all the same.
    """

    rows: list[T]
    problems: tuple[str, ...] = ()


def read_list(entries: Sequence[object], read: Callable[[Any], T | None]) -> PartialList[T]:
    """Read each entry; `read` raises `msgspec.ValidationError` for a malformed one, and returns None to skip one."""
    rows: list[T] = []
    problems: list[str] = []
    for number, entry in enumerate(entries, start=1):
        try:
            row = read(entry)
        except msgspec.ValidationError as exc:
            problems.append(f"entry {number}{_label(entry)} cannot be read: {str(exc)[:_LONGEST_REASON]}")
        else:
            if row is not None:
                rows.append(row)
    return PartialList(rows, tuple(problems))


def _label(entry: object) -> str:
    found = [text(entry.get(name), limit=_LONGEST_NAME) for name in _NAMES] if isinstance(entry, dict) else []
    name = next(filter(None, found), None)
    return "" if name is None else f" ({name})"
