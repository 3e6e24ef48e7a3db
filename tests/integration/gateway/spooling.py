"""What tests of the spool share."""

import asyncio
import shutil
from pathlib import Path

from services.gateway.spool.record import Record
from services.gateway.spool.spool import Spool

FIRST = "spool-0.sqlite"
SECOND = "spool-1.sqlite"


async def append(spool: Spool, *records: Record) -> None:
    await asyncio.gather(*(spool.append(each) for each in records))


async def waiting(spool: Spool) -> list[str]:
    return [kept.record.message_id for kept in (await spool.oldest(1000)).kept]


def names(folder: Path, pattern: str) -> list[str]:
    return sorted(path.name for path in folder.glob(pattern))


def image(folder: Path, target: Path) -> Path:
    """Copy what the disk would hold after a crash now."""
    target.mkdir()
    for path in folder.glob("*.sqlite*"):
        if path.suffix != ".lock":
            shutil.copy(path, target)
    return target
