"""Counts what the spool holds for each source, and says when it is full. No I/O."""

from collections import Counter

import msgspec

from services.gateway.spool.record import SpoolFullError


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The most that the spool holds, and the share of it that one source may fill."""

    records: int = 200_000
    size: int = 512 * 1024 * 1024
    share: float = 0.25


class Quota:
    """Records and bytes, by source and in all. A record counts from before its commit until after its removal."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._records: Counter[str] = Counter()
        self._sizes: Counter[str] = Counter()
        self.records = 0
        self.size = 0

    def holds(self, source: str) -> bool:
        """Tell whether anything of this source waits."""
        return self._records[source] > 0

    def require_room(self) -> None:
        """Raise `SpoolFullError` where no source has room."""
        if self.records >= self._limits.records or self.size >= self._limits.size:
            raise SpoolFullError("the spool is full")

    def admit(self, source: str, size: int) -> None:
        """Count one more record; raises `SpoolFullError` where it has no room."""
        share = self._limits.share
        if self.records + 1 > self._limits.records or self.size + size > self._limits.size:
            raise SpoolFullError("the spool is full")
        if (
            self._records[source] + 1 > self._limits.records * share
            or self._sizes[source] + size > self._limits.size * share
        ):
            raise SpoolFullError(f"the spool is full for {source}")
        self.count(source, 1, size)

    def clear(self) -> None:
        """Forget all."""
        self._records.clear()
        self._sizes.clear()
        self.records = self.size = 0

    def count(self, source: str, records: int, size: int) -> None:
        """Count records that are there already, or with negative numbers records that are gone."""
        self._records[source] += records
        self._sizes[source] += size
        self.records += records
        self.size += size
