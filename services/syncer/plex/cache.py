"""Caches what plex.tv says about an account: which servers it reaches, and at which address each answered.

It only saves calls; each replica has its own. The directory knows which accounts are linked.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from shared.bus.listening import Listener
from shared.clients.lists import PartialList
from shared.clients.plex_accounts import Server
from shared.schemas.events import AccountUnlinked, ServerChanged, subject

KEPT_FOR: Final = timedelta(minutes=5)
MOST_ACCOUNTS: Final = 1_000

Read = Callable[[], Awaitable[PartialList[Server]]]


class Resources(msgspec.Struct):
    """The servers that an account reaches, and the address at which each answered, by machine id."""

    servers: PartialList[Server]
    until: datetime
    addresses: dict[str, str] = {}


class _Entry:
    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.resources: Resources | None = None


class ResourceCache:
    """Entries by account, kept for minutes; the least recently used goes first."""

    def __init__(self, *, now: Callable[[], datetime]) -> None:
        self._now = now
        self._entries: OrderedDict[str, _Entry] = OrderedDict()

    async def get(self, account_id: str, read: Read) -> tuple[Resources, bool]:
        """Return what an account reaches, and whether that was cached; concurrent callers share one read."""
        entry = self._entries.setdefault(account_id, _Entry())
        self._entries.move_to_end(account_id)
        if len(self._entries) > MOST_ACCOUNTS:
            self._entries.popitem(last=False)
        async with entry.lock:
            if entry.resources is not None and self._now() < entry.resources.until:
                return entry.resources, True
            entry.resources = Resources(await read(), self._now() + KEPT_FOR)
            return entry.resources, False

    def forget(self, account_id: str) -> None:
        """Forget an account; a read that is under way serves only those who already wait for it."""
        self._entries.pop(account_id, None)

    def clear(self) -> None:
        """Forget all accounts."""
        self._entries.clear()

    def listener(self) -> Listener:
        """Return the part of a `Bus` that forgets entries when something changes."""
        return Listener([subject(AccountUnlinked), subject(ServerChanged)], self._on_change, on_missed=self.clear)

    def _on_change(self, heard: str, payload: bytes) -> None:
        if heard == subject(ServerChanged):
            self.clear()
            return
        try:
            self.forget(msgspec.json.decode(payload, type=AccountUnlinked).account_id)
        except msgspec.MsgspecError:  # of a newer version
            self.clear()
