"""Puts together what the linker does about Seerr."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from services.linker.seerr.desk import Client, Desks
from services.linker.seerr.handlers import Handlers
from services.linker.seerr.matching import Matching
from services.linker.seerr.records import Records
from services.linker.seerr.telling import SETTLES_IN, Telling
from shared.bus import streams
from shared.bus.questions import ask
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
    *,
    now: Callable[[], datetime],
    settles_in: timedelta = SETTLES_IN,
) -> None:
    """Let a service do it."""
    records = Records(worker=parts.worker, pool=parts.pool, now=now)

    async def blocked(names: Sequence[str]) -> Sequence[str]:
        return (await ask(parts.bus, FindBlocked(usernames=[*names]))).usernames

    handlers = Handlers(
        worker=parts.worker,
        pool=parts.pool,
        desks=Desks(pool=parts.pool, vault=vault, client=client),
        records=records,
        matching=Matching(records=records, pool=parts.pool, blocked=blocked),
        telling=Telling(pool=parts.pool, vault=vault, now=now, settles_in=settles_in),
        now=now,
    )
    service.consume(streams.LINKER_LINKS, handlers.hear)
    service.work(*handlers.jobs(), queue=streams.LINKER_SEERR, workers=WORKERS)
