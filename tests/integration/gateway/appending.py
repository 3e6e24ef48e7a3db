"""A process that appends to a spool until it is killed: `python -m tests.integration.gateway.appending FOLDER MODE`.

Prints each record's id once it was promised. In the mode `limited` the disk is full after 500 kB, until it is not.
"""

import asyncio
import resource
import signal
import sys
from pathlib import Path

from services.gateway.spool.record import SpoolFullError
from services.gateway.spool.spool import Spool, open_spool
from tests.unit.gateway.fakes import record

SMALL_DISK = 500_000


async def main(folder: Path, mode: str) -> None:
    async with open_spool(folder) as spool:
        if mode == "limited":
            await through_a_full_disk(spool)
        else:
            await asyncio.gather(*(for_ever(spool, mode, lane) for lane in range(20)))


async def for_ever(spool: Spool, name: str, lane: int) -> None:
    for number in range(10_000):
        await append(spool, f"{name}-{lane}", number)


async def append(spool: Spool, source: str, number: int) -> None:
    sent = record(number, source=source, size=2000)
    await spool.append(sent)
    sys.stdout.write(f"{sent.message_id}\n")
    sys.stdout.flush()


async def through_a_full_disk(spool: Spool) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL_DISK, resource.RLIM_INFINITY))
    refused = 0
    for number in range(300):
        try:
            await append(spool, "limited", number)
        except SpoolFullError:
            refused += 1
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await append(spool, "limited", 1000)
    sys.stderr.write(f"{refused} refused\n")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
