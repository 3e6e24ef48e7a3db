"""Puts the linker's side for Seerr together."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from services.linker.seerr.configured_seerr import Client, SeerrLookup
from services.linker.seerr.handlers import Handlers
from services.linker.seerr.matcher import Matcher
from services.linker.seerr.nightly_check import NightlyCheck
from services.linker.seerr.records import Records
from services.linker.seerr.writer import SAVE_DELAY, SeerrWriter
from shared.bus import streams
from shared.bus.questions import ask
from shared.runs.runs import Runs
from shared.runtime import Parts, Service
from shared.schemas.users import FindBlocked
from shared.vault import Vault

WORKERS: Final = 2
"""Jobs that one replica does side by side."""


class SeerrSide:
    """The linker's side for Seerr."""

    def __init__(
        self,
        parts: Parts,
        *,
        vault: Vault,
        client: Client,
        runs: Runs,
        now: Callable[[], datetime],
        save_delay: timedelta = SAVE_DELAY,
    ) -> None:
        async def find_blocked(names: Sequence[str]) -> Sequence[str]:
            return (await ask(parts.bus, FindBlocked(usernames=[*names]))).usernames

        records = Records(worker=parts.worker, pool=parts.pool, now=now)
        lookup = SeerrLookup(pool=parts.pool, vault=vault, client=client)
        matcher = Matcher(records=records, pool=parts.pool, find_blocked=find_blocked)
        self._nightly_check = NightlyCheck(pool=parts.pool, lookup=lookup, matcher=matcher, now=now)
        self._runs = runs
        self._handlers = Handlers(
            worker=parts.worker,
            lookup=lookup,
            records=records,
            matcher=matcher,
            writer=SeerrWriter(pool=parts.pool, vault=vault, now=now, save_delay=save_delay),
            runs=runs,
            nightly_check=self._nightly_check,
            now=now,
        )

    def add_to(self, service: Service) -> None:
        """Have a service consume links, do the jobs about Seerr and run the check."""
        service.consume(streams.LINKER_LINKS, self._handlers.note_change)
        check = self._runs.add(self._nightly_check.kind)
        service.work(*self._handlers.jobs(), check, queue=streams.LINKER_SEERR, workers=WORKERS)
