"""Which plays a message shows, as its buttons and its form carry it from one interaction to the next.

Ids of components come back from messages of any age and from whoever changed them: rights are checked again each time.
"""

from base64 import b85decode, b85encode
from typing import Final

import msgspec

from shared.discord.custom_ids import custom_id, parsed

HISTORY: Final = "history"
SEARCH: Final = "search"
LONGEST_SEARCH: Final = 32
"""Bytes of a search that a button has room for."""
_SERVICE: Final = "syncer"
_LONGEST_OFFSET: Final = 7


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Whose plays, which of them, and from where on; without a person, the caller's."""

    person: str | None = None
    offset: int = 0
    search: str = ""

    def page_id(self) -> str:
        """Return the id of the button that shows this."""
        return custom_id(_SERVICE, HISTORY, self.person or "", self.offset, *self._packed())

    def form_id(self) -> str:
        """Return the id of the button that asks for another search, and of the form that it opens."""
        return custom_id(_SERVICE, SEARCH, self.person or "", *self._packed())

    def _packed(self) -> tuple[str, ...]:
        return (b85encode(self.search.encode()).decode(),) if self.search else ()


def view_of(component_id: str) -> View | None:
    """Return what a button shows, or a form searches in; None for the id of another version, or a changed one."""
    found = parsed(component_id)
    if found is None:
        return None
    match found.action, found.state:
        case (action, (person, offset, *packed)) if action == HISTORY and offset.isascii() and offset.isdecimal():
            is_near = len(offset) <= _LONGEST_OFFSET
            return _view(person, packed, offset=int(offset)) if is_near else None
        case (action, (person, *packed)) if action == SEARCH:
            return _view(person, packed, offset=0)
        case _:
            return None


def shortened(search: str) -> str:
    """Return as much of a search as a button has room for."""
    return search.strip().encode()[:LONGEST_SEARCH].decode(errors="ignore").strip()


def _view(person: str, packed: list[str], *, offset: int) -> View | None:
    try:
        search = shortened(b85decode("".join(packed)).decode())
    except ValueError:
        return None
    is_ours = person and len(packed) == bool(search)
    return View(person=person, offset=offset, search=search) if is_ours else None
