"""Puts together what the linker does about Seerr."""

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


def join(
    service: Service,
    parts: Parts,
    vault: Vault,
    client: Client,
    runs: Runs,
    *,
    now: Callable[[], datetime],
    save_delay: timedelta = SAVE_DELAY,
) -> None:
    """Let a service do it."""
    records = Records(worker=parts.worker, pool=parts.pool, now=now)

    async def find_blocked(names: Sequence[str]) -> Sequence[str]:
        return (await ask(parts.bus, FindBlocked(usernames=[*names]))).usernames

    lookup = SeerrLookup(pool=parts.pool, vault=vault, client=client)
    matcher = Matcher(records=records, pool=parts.pool, find_blocked=find_blocked)
    nightly_check = NightlyCheck(pool=parts.pool, lookup=lookup, matcher=matcher, now=now)
    handlers = Handlers(
        worker=parts.worker,
        lookup=lookup,
        records=records,
        matcher=matcher,
        writer=SeerrWriter(pool=parts.pool, vault=vault, now=now, save_delay=save_delay),
        runs=runs,
        nightly_check=nightly_check,
        now=now,
    )
    service.consume(streams.LINKER_LINKS, handlers.hear)
    service.work(*handlers.jobs(), runs.add(nightly_check.kind), queue=streams.LINKER_SEERR, workers=WORKERS)
