"""The pages that are always in reach, and who sees which."""

from typing import Final

import msgspec

from services.gateway.access.caller import Caller
from services.gateway.access.scopes import Scope


class Entry(msgspec.Struct, frozen=True):
    """One entry: its name is the text `nav.NAME`."""

    name: str
    path: str
    scope: Scope


ENTRIES: Final = (
    Entry("overview", "/", "read"),
    Entry("people", "/people", "read"),
    Entry("servers", "/servers", "read"),
    Entry("integrations", "/integrations", "self"),
    Entry("users", "/users", "read"),
    Entry("history", "/history", "self"),
    Entry("runs", "/runs", "read"),
    Entry("events", "/events", "read"),
    Entry("settings", "/settings", "admin"),
)


def entries_for(caller: Caller | None) -> list[Entry]:
    """Return what the caller may open, in the order of the menu."""
    return [] if caller is None else [entry for entry in ENTRIES if caller.may(entry.scope)]
