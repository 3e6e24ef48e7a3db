"""Whether the gateway can do its work: take webhooks durably (`/ready`), and answer questions (once prepared)."""

import asyncio
import os
import shutil
from pathlib import Path
from typing import Final

from services.gateway.access.refresh import Refresh
from services.gateway.spool.spool import Spool
from services.gateway.spool.tally import Limits
from shared.bus.connection import Bus
from shared.errors import UnavailableError

_LEAST_FREE: Final = 16 * 1024 * 1024
"""Bytes on the spool's disk."""


class Preparation:
    """Whether the tables are there and up to date, which webhooks do not wait for and all else does."""

    def __init__(self) -> None:
        self._done = asyncio.Event()

    def finish(self) -> None:
        """Take note that all is prepared."""
        self._done.set()

    def require(self) -> None:
        """Raise `UnavailableError` until then."""
        if not self._done.is_set():
            raise UnavailableError("Usher is starting: it waits for Postgres")


class Readiness:
    """Can a webhook be stored? On JetStream, or in the spool."""

    def __init__(self, bus: Bus, spool: Spool | None, folder: Path, refresh: Refresh) -> None:
        self._refresh = refresh
        self._bus = bus
        self._spool = spool
        self._folder = folder

    @property
    def is_ready(self) -> bool:
        """True while a 202 can be given."""
        return self._refresh.is_known and (self._bus.is_connected or self.has_spool)

    @property
    def has_spool(self) -> bool:
        """True while the spool would take a record."""
        if self._spool is None or self._spool.state().records >= Limits().records:
            return False
        try:
            free = shutil.disk_usage(self._folder).free
        except OSError:
            return False
        return free >= _LEAST_FREE and os.access(self._folder, os.W_OK)
