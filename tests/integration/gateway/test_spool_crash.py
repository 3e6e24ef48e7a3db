"""What the spool accepted survives a kill -9 at any moment, and a full disk."""

import asyncio
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from services.gateway.spool.drain import Drain, Step
from services.gateway.spool.spool import open_spool
from tests.unit.gateway.fakes import FakePublisher


def appending(folder: Path, mode: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.integration.gateway.appending", str(folder), mode]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def killed_after(folder: Path, mode: str, promises: int) -> list[str]:
    with appending(folder, mode) as process:
        assert process.stdout is not None
        promised = [process.stdout.readline().decode().strip() for _ in range(promises)]
        process.kill()
        return promised + process.stdout.read().decode().split()


async def drained(folder: Path) -> list[str]:
    publisher = FakePublisher()
    async with open_spool(folder) as spool:
        while await Drain(spool, publisher).step() is Step.MOVED:
            pass
        assert spool.state().records == 0
        assert spool.damage() == []
    return list(publisher.messages)


def is_in_order(ids: list[str]) -> bool:
    last: dict[str, int] = defaultdict(lambda: -1)
    for each in ids:
        source, _, number = each.rpartition("-")
        if int(number) <= last[source]:
            return False
        last[source] = int(number)
    return True


@pytest.mark.parametrize("promises", [1, 37, 150, 400])
async def test_nothing_promised_is_lost_by_a_kill(tmp_path: Path, promises: int) -> None:
    promised = await asyncio.to_thread(killed_after, tmp_path, "first", promises)
    promised += await asyncio.to_thread(killed_after, tmp_path, "second", promises)

    found = await drained(tmp_path)

    assert len(promised) >= 2 * promises
    assert set(promised) <= set(found)
    assert is_in_order(found)


async def test_a_full_disk_refuses_and_then_goes_on(tmp_path: Path) -> None:
    process = await asyncio.to_thread(appending, tmp_path, "limited")
    output, errors = await asyncio.to_thread(process.communicate, timeout=60)

    promised = output.decode().split()
    assert process.returncode == 0, errors.decode()
    assert errors.decode().strip().endswith("refused")
    assert not errors.startswith(b"0 ")
    assert len(promised) > 20
    assert promised[-1] == "limited-1000"
    assert await drained(tmp_path) == promised
