"""What plex.tv said of an account a short while ago: which servers it reaches, and where they answered.

Only a saving of calls; each replica has its own. Whose accounts are linked is the directory's to know.
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
    """The servers that an account reaches, and by machine id the address at which one answered."""

    servers: PartialList[Server]
    until: datetime
    addresses: dict[str, str] = {}


class _Entry:
    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.resources: Resources | None = None


class ResourceCache:
    """By account, for minutes; the account used longest ago goes first."""

    def __init__(self, *, now: Callable[[], datetime]) -> None:
        self._now = now
        self._entries: OrderedDict[str, _Entry] = OrderedDict()

    async def get(self, account_id: str, read: Read) -> tuple[Resources, bool]:
        """Return what the account reaches, read by one of those who ask at once, and whether it was known before."""
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
        """Read it again next time; a read that is under way is for its caller only."""
        self._entries.pop(account_id, None)

    def clear(self) -> None:
        """Read all again next time."""
        self._entries.clear()

    def listener(self) -> Listener:
        """Return the part of a `Bus` that forgets what changed."""
        return Listener([subject(AccountUnlinked), subject(ServerChanged)], self._hear, missed=self.clear)

    def _hear(self, heard: str, payload: bytes) -> None:
        if heard == subject(ServerChanged):
            self.clear()
            return
        try:
            self.forget(msgspec.json.decode(payload, type=AccountUnlinked).account_id)
        except msgspec.MsgspecError:  # of a newer version
            self.clear()
