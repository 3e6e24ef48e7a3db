"""Writers that come within a moment, or during a commit, are committed together and in order."""

import asyncio

import pytest

from services.gateway.spool.commits import GroupCommit
from services.gateway.spool.record import Record, SpoolFullError
from tests.unit.gateway.fakes import record


class FakeDisk:
    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.under_way: list[asyncio.Future[None]] = []
        self._started = asyncio.Event()

    def write(self, records: list[Record]) -> asyncio.Future[None]:
        self._started.set()
        self.groups.append([each.message_id for each in records])
        self.under_way.append(asyncio.get_running_loop().create_future())
        return self.under_way[-1]

    async def started(self, groups: int) -> None:
        async with asyncio.timeout(5):
            while len(self.groups) < groups:
                await self._started.wait()
                self._started.clear()


async def test_those_who_come_together_are_written_together_and_in_order() -> None:
    disk = FakeDisk()
    commits = GroupCommit(disk.write, gather=0.003)
    waiting = [asyncio.ensure_future(commits.add(record(number))) for number in range(3)]
    await disk.started(1)
    assert not any(each.done() for each in waiting)

    disk.under_way[0].set_result(None)

    await asyncio.gather(*waiting)
    assert disk.groups == [["plex-0", "plex-1", "plex-2"]]


async def test_those_who_come_during_a_write_are_the_next_group() -> None:
    disk = FakeDisk()
    commits = GroupCommit(disk.write, gather=0)
    first = asyncio.ensure_future(commits.add(record(0)))
    await disk.started(1)
    later = [asyncio.ensure_future(commits.add(record(number))) for number in (1, 2)]
    await asyncio.sleep(0)
    assert len(disk.groups) == 1

    disk.under_way[0].set_result(None)
    await first
    await disk.started(2)
    disk.under_way[1].set_result(None)

    await asyncio.gather(*later)
    assert disk.groups == [["plex-0"], ["plex-1", "plex-2"]]


async def test_a_failed_write_fails_all_of_its_group_and_no_other() -> None:
    disk = FakeDisk()
    commits = GroupCommit(disk.write, gather=0)
    lost = [asyncio.ensure_future(commits.add(record(number))) for number in range(2)]
    await disk.started(1)
    kept = asyncio.ensure_future(commits.add(record(2)))
    await asyncio.sleep(0)

    disk.under_way[0].set_exception(SpoolFullError("the disk is full"))
    await disk.started(2)
    disk.under_way[1].set_result(None)

    await kept
    for each in lost:
        with pytest.raises(SpoolFullError, match="the disk is full"):
            await each


async def test_one_who_stops_waiting_disturbs_nobody() -> None:
    disk = FakeDisk()
    commits = GroupCommit(disk.write, gather=0)
    impatient, patient = (asyncio.ensure_future(commits.add(record(number))) for number in range(2))
    await disk.started(1)

    impatient.cancel()
    await asyncio.sleep(0)
    disk.under_way[0].set_result(None)

    await patient
    assert impatient.cancelled()


async def test_finish_waits_for_what_is_under_way() -> None:
    disk = FakeDisk()
    commits = GroupCommit(disk.write, gather=0)
    waiting = asyncio.ensure_future(commits.add(record(0)))
    await disk.started(1)
    finish = asyncio.ensure_future(commits.finish())
    await asyncio.sleep(0)
    assert not finish.done()

    disk.under_way[0].set_result(None)

    await finish
    await waiting
