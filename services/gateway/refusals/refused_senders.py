"""Who was refused, how often and why. A flood from many addresses is merged, so that memory is bounded. No I/O."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from services.gateway.refusals.reasons import Reason

KEPT: Final = timedelta(days=1)
"""How long after its last refusal a sender is forgotten."""
MOST: Final = 500
SLACK: Final = 100
"""So many more are collected before the rarest are merged: sorting at each would cost too much."""
OTHERS: Final = ""
"""The address of all that are merged."""

Key = tuple[str, Reason, str]


class RefusedSender(msgspec.Struct, frozen=True, kw_only=True):
    """What one address was refused for one reason. `source` is `unknown` where the path names none of ours."""

    source: str
    reason: Reason
    address: str
    detail: str
    count: int
    first_at: datetime
    last_at: datetime

    @property
    def key(self) -> Key:
        """What makes it the same sender."""
        return self.source, self.reason, self.address


class Senders:
    """At most `MOST` of them, and one merged entry for each source and reason."""

    def __init__(self, senders: Iterable[RefusedSender] = ()) -> None:
        self._senders: dict[Key, RefusedSender] = {}
        for sender in senders:
            self.add(sender)

    def __len__(self) -> int:
        return len(self._senders)

    def add(self, sender: RefusedSender) -> None:
        """Count a sender's refusals."""
        self._put(sender)
        if len(self._senders) > MOST + SLACK:
            self._merge_rarest()

    def all(self) -> list[RefusedSender]:
        """Return them, the last refused first."""
        self._merge_rarest()
        return sorted(self._senders.values(), key=lambda sender: sender.last_at, reverse=True)

    def _put(self, sender: RefusedSender) -> None:
        known = self._senders.get(sender.key)
        self._senders[sender.key] = sender if known is None else _sum(known, sender)

    def _merge_rarest(self) -> None:
        """Keep those that were refused most often and last; a flood is many addresses with few refusals each."""
        single = [sender for sender in self._senders.values() if sender.address != OTHERS]
        single.sort(key=lambda sender: (sender.count, sender.last_at))
        for sender in single[: max(0, len(single) - MOST)]:
            del self._senders[sender.key]
            self._put(msgspec.structs.replace(sender, address=OTHERS))


def _sum(one: RefusedSender, other: RefusedSender) -> RefusedSender:
    last = max(one, other, key=lambda sender: sender.last_at)
    return msgspec.structs.replace(last, count=one.count + other.count, first_at=min(one.first_at, other.first_at))
