"""The spool on a real disk: what it took it keeps, in order, until JetStream has it."""

import asyncio
import shutil
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from services.gateway.spool import spool as spools
from services.gateway.spool.record import Record, SpoolFullError, UnusableSpoolError
from services.gateway.spool.spool import Spool, SpoolState
from services.gateway.spool.tally import Limits
from tests.unit.gateway.fakes import record

AT_ONCE = timedelta(0)
FIRST = "spool-0.sqlite"
SECOND = "spool-1.sqlite"


async def append(spool: Spool, *records: Record) -> None:
    await asyncio.gather(*(spool.append(each) for each in records))


async def waiting(spool: Spool) -> list[str]:
    return [kept.record.message_id for kept in (await spool.oldest(1000)).kept]


async def append_until_full(spool: Spool, taken: list[str]) -> None:
    for number in range(4000):
        await spool.append(record(number, size=1))
        taken.append(f"plex-{number}")


def names(folder: Path, pattern: str) -> list[str]:
    return sorted(path.name for path in folder.glob(pattern))


def image(folder: Path, target: Path) -> Path:
    """Copy what a disk would hold after a crash at this moment."""
    target.mkdir()
    for path in folder.glob("*.sqlite*"):
        if path.suffix != ".lock":
            shutil.copy(path, target)
    return target


async def test_a_record_comes_back_as_it_went(tmp_path: Path) -> None:
    sent = record(7, size=100_000)
    async with spools.opened(tmp_path) as spool:
        await spool.append(sent)

        (kept,) = (await spool.oldest(10)).kept

    assert kept.record == sent


async def test_records_come_back_in_the_order_of_their_coming(tmp_path: Path) -> None:
    async with spools.opened(tmp_path) as spool:
        await append(spool, *(record(number, source="plex" if number % 2 else "emby") for number in range(50)))

        assert await waiting(spool) == [f"{'plex' if number % 2 else 'emby'}-{number}" for number in range(50)]


async def test_a_record_survives_a_crash_as_soon_as_append_returned(tmp_path: Path) -> None:
    async with spools.opened(tmp_path / "live") as spool:
        await append(spool, record(1), record(2, source="emby"))
        crashed = image(tmp_path / "live", tmp_path / "crashed")

    async with spools.opened(crashed) as spool:
        assert await waiting(spool) == ["plex-1", "emby-2"]
        assert spool.holds("plex")
        assert spool.holds("emby")
        assert not spool.holds("seerr")


async def test_a_log_torn_at_any_byte_loses_at_most_what_was_not_promised(tmp_path: Path) -> None:
    live = tmp_path / "live"
    async with spools.opened(live, gather=AT_ONCE) as spool:
        for number in range(4):
            await spool.append(record(number))
        crashed = image(live, tmp_path / "crashed")
    log = (crashed / f"{FIRST}-wal").read_bytes()

    counts = []
    for length in (*range(0, len(log), 1009), len(log)):
        torn = tmp_path / f"torn-{length}"
        shutil.copytree(crashed, torn)
        (torn / f"{FIRST}-wal").write_bytes(log[:length])
        async with spools.opened(torn) as spool:
            found = await waiting(spool)
        assert found == [f"plex-{number}" for number in range(len(found))]
        counts.append(len(found))
    assert counts == sorted(counts)
    assert set(counts) == {0, 1, 2, 3, 4}


async def test_a_log_with_garbage_at_its_end_still_gives_all_before_it(tmp_path: Path) -> None:
    live = tmp_path / "live"
    async with spools.opened(live) as spool:
        await append(spool, record(1), record(2))
        crashed = image(live, tmp_path / "crashed")
    with (crashed / f"{FIRST}-wal").open("ab") as log:
        log.write(b"\xff" * 5000)

    async with spools.opened(crashed) as spool:
        assert await waiting(spool) == ["plex-1", "plex-2"]


async def test_settled_records_do_not_come_back(tmp_path: Path) -> None:
    async with spools.opened(tmp_path / "live") as spool:
        await append(spool, record(1), record(2), record(3))
        batch = await spool.oldest(2)
        await spool.settle(batch, batch.kept, [])
        crashed = image(tmp_path / "live", tmp_path / "crashed")

        assert await waiting(spool) == ["plex-3"]

    async with spools.opened(crashed) as spool:
        assert await waiting(spool) == ["plex-3"]


async def test_a_refused_record_is_kept_out_of_the_way(tmp_path: Path) -> None:
    async with spools.opened(tmp_path) as spool:
        await append(spool, record(1), record(2))
        batch = await spool.oldest(1)

        await spool.settle(batch, [], [(batch.kept[0], "too large")])

        assert await waiting(spool) == ["plex-2"]
        assert spool.state().refused == 1

    async with spools.opened(tmp_path) as spool:
        assert (spool.state().records, spool.state().refused) == (1, 1)


async def test_the_state_tells_how_much_waits_and_since_when(tmp_path: Path) -> None:
    at = 1_800_000_000.0
    async with spools.opened(tmp_path, clock=lambda: at) as spool:
        assert spool.state() == SpoolState(records=0, size=0, refused=0, oldest_at=None)
        await append(spool, record(1, size=10), record(2, size=20))
        assert spool.state() == SpoolState(records=2, size=30, refused=0, oldest_at=datetime.fromtimestamp(at, UTC))

        batch = await spool.oldest(10)
        await spool.settle(batch, batch.kept, [])

        assert spool.state() == SpoolState(records=0, size=0, refused=0, oldest_at=None)
        assert not spool.holds("plex")


async def test_a_full_spool_takes_no_more(tmp_path: Path) -> None:
    async with spools.opened(tmp_path, limits=Limits(records=4)) as spool:
        await spool.append(record(1))

        with pytest.raises(SpoolFullError):
            await spool.append(record(2))

        assert await waiting(spool) == ["plex-1"]


async def test_a_full_disk_fails_clearly_and_loses_nothing(tmp_path: Path) -> None:
    async with spools.opened(tmp_path, limits=Limits(size=40_000, share=1), gather=AT_ONCE) as spool:
        taken: list[str] = []
        with pytest.raises(SpoolFullError, match="full") as failure:
            await append_until_full(spool, taken)

        assert failure.value.retry_after == timedelta(seconds=5)
        assert len(taken) > 100
        assert await waiting(spool) == taken[:1000]
        assert spool.state().records == len(taken)


async def test_a_disk_with_room_again_is_used_again(tmp_path: Path) -> None:
    async with spools.opened(tmp_path, limits=Limits(size=40_000, share=1)) as spool:
        with pytest.raises(SpoolFullError):
            await append(spool, *(record(number, size=1) for number in range(4000)))
        assert not spool.holds("plex")

        await spool.append(record(5000))

        assert await waiting(spool) == ["plex-5000"]


async def test_two_gateways_in_one_folder_have_a_file_each(tmp_path: Path) -> None:
    async with spools.opened(tmp_path) as one, spools.opened(tmp_path) as other:
        await one.append(record(1))
        await other.append(record(2))

        assert await waiting(one) == ["plex-1"]
        assert await waiting(other) == ["plex-2"]
        assert names(tmp_path, "*.sqlite") == [FIRST, SECOND]


async def test_a_dead_gateways_file_is_drained_first_and_then_removed(tmp_path: Path) -> None:
    async with spools.opened(tmp_path), spools.opened(tmp_path) as other:
        await append(other, record(1), record(2))

    async with spools.opened(tmp_path) as spool:
        await spool.append(record(3))
        assert spool.holds("plex")
        assert spool.state().records == 3
        batch = await spool.oldest(10)
        assert [kept.record.message_id for kept in batch.kept] == ["plex-1", "plex-2"]
        await spool.settle(batch, batch.kept, [])

        assert await waiting(spool) == ["plex-3"]
        assert names(tmp_path, "spool-1*") == []


async def test_a_dead_gateways_file_with_refused_records_stays(tmp_path: Path) -> None:
    async with spools.opened(tmp_path), spools.opened(tmp_path) as other:
        await other.append(record(1))
        batch = await other.oldest(1)
        await other.settle(batch, [], [(batch.kept[0], "too large")])

    with capture_logs() as logs:
        async with spools.opened(tmp_path) as spool:
            assert await waiting(spool) == []

    assert (tmp_path / SECOND).exists()
    assert "spool_kept_for_refused_records" in {entry["event"] for entry in logs}


async def test_a_living_gateways_file_is_left_alone(tmp_path: Path) -> None:
    async with spools.opened(tmp_path) as living:
        await living.append(record(1))

        async with spools.opened(tmp_path) as spool:
            assert await waiting(spool) == []


async def test_a_damaged_file_is_set_aside_and_the_gateway_starts(tmp_path: Path) -> None:
    (tmp_path / FIRST).write_bytes(b"this is no database" * 1000)

    with capture_logs() as logs:
        async with spools.opened(tmp_path) as spool:
            await spool.append(record(1))
            assert await waiting(spool) == ["plex-1"]

    assert (tmp_path / f"{FIRST}.damaged-1").read_bytes().startswith(b"this is no database")
    assert [entry["event"] for entry in logs] == ["spool_damaged"]


async def test_an_unusable_folder_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file where the folder should be")

    with pytest.raises(UnusableSpoolError, match="cannot be used"):
        async with spools.opened(tmp_path / "spool"):
            pass


async def test_the_files_are_for_their_owner_only(tmp_path: Path) -> None:
    async with spools.opened(tmp_path / "spool") as spool:
        await spool.append(record(1))

        modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "spool").iterdir()}

    assert modes == {0o600}
    assert stat.S_IMODE((tmp_path / "spool").stat().st_mode) == 0o700


async def test_an_emptied_spool_gives_the_disk_back(tmp_path: Path) -> None:
    async with spools.opened(tmp_path) as spool:
        await append(spool, *(record(number, size=200_000) for number in range(60)))
        full = (tmp_path / FIRST).stat().st_size + (tmp_path / f"{FIRST}-wal").stat().st_size
        while (batch := await spool.oldest(200)).kept:
            await spool.settle(batch, batch.kept, [])

    assert full > 12_000_000
    assert (tmp_path / FIRST).stat().st_size < 100_000


async def test_closing_commits_what_is_under_way(tmp_path: Path) -> None:
    async with spools.opened(tmp_path, gather=timedelta(seconds=0.05)) as spool:
        under_way = asyncio.ensure_future(spool.append(record(1)))
        await asyncio.sleep(0)

    await under_way
    async with spools.opened(tmp_path) as spool:
        assert await waiting(spool) == ["plex-1"]


async def test_one_batch_is_bounded_in_bytes(tmp_path: Path) -> None:
    async with spools.opened(tmp_path) as spool:
        await append(spool, *(record(number, size=200_000) for number in range(60)))

        batch = await spool.oldest(200)

    assert 8_000_000 <= sum(len(kept.record.data) for kept in batch.kept) < 9_000_000
