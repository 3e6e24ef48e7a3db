"""The spool on a real disk: it keeps what it accepted, in order, until JetStream has it."""

import asyncio
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.gateway.spool.quota import Limits
from services.gateway.spool.record import SpoolFullError
from services.gateway.spool.spool import Spool, SpoolState, open_spool
from tests.integration.gateway.spooling import FIRST, append, image, waiting
from tests.unit.gateway.fakes import record

AT_ONCE = timedelta(0)


async def append_until_full(spool: Spool, taken: list[str]) -> None:
    for number in range(4000):
        await spool.append(record(number, size=1))
        taken.append(f"plex-{number}")


async def test_a_record_comes_back_as_it_went(tmp_path: Path) -> None:
    sent = record(7, size=100_000)
    async with open_spool(tmp_path) as spool:
        await spool.append(sent)

        (kept,) = (await spool.oldest(10)).kept

    assert kept.record == sent


async def test_records_come_back_in_the_order_of_their_coming(tmp_path: Path) -> None:
    async with open_spool(tmp_path) as spool:
        await append(spool, *(record(number, source="plex" if number % 2 else "emby") for number in range(50)))

        assert await waiting(spool) == [f"{'plex' if number % 2 else 'emby'}-{number}" for number in range(50)]


async def test_a_record_survives_a_crash_as_soon_as_append_returned(tmp_path: Path) -> None:
    async with open_spool(tmp_path / "live") as spool:
        await append(spool, record(1), record(2, source="emby"))
        crashed = image(tmp_path / "live", tmp_path / "crashed")

    async with open_spool(crashed) as spool:
        assert await waiting(spool) == ["plex-1", "emby-2"]
        assert spool.holds("plex")
        assert spool.holds("emby")
        assert not spool.holds("seerr")


async def test_a_log_torn_at_any_byte_loses_at_most_what_was_not_promised(tmp_path: Path) -> None:
    live = tmp_path / "live"
    async with open_spool(live, gather=AT_ONCE) as spool:
        for number in range(4):
            await spool.append(record(number))
        crashed = image(live, tmp_path / "crashed")
    log = (crashed / f"{FIRST}-wal").read_bytes()

    counts = []
    for length in (*range(0, len(log), 1009), len(log)):
        torn = tmp_path / f"torn-{length}"
        shutil.copytree(crashed, torn)
        (torn / f"{FIRST}-wal").write_bytes(log[:length])
        async with open_spool(torn) as spool:
            found = await waiting(spool)
            assert sum(each.records or 0 for each in spool.damage()) == 4 - len(found)
        assert found == [f"plex-{number}" for number in range(len(found))]
        counts.append(len(found))
    assert counts == sorted(counts)
    assert set(counts) == {0, 1, 2, 3, 4}


async def test_a_log_with_garbage_at_its_end_still_gives_all_before_it(tmp_path: Path) -> None:
    live = tmp_path / "live"
    async with open_spool(live) as spool:
        await append(spool, record(1), record(2))
        crashed = image(live, tmp_path / "crashed")
    with (crashed / f"{FIRST}-wal").open("ab") as log:
        log.write(b"\xff" * 5000)

    async with open_spool(crashed) as spool:
        assert await waiting(spool) == ["plex-1", "plex-2"]


async def test_settled_records_do_not_come_back(tmp_path: Path) -> None:
    async with open_spool(tmp_path / "live") as spool:
        await append(spool, record(1), record(2), record(3))
        batch = await spool.oldest(2)
        await spool.settle(batch, batch.kept, [])
        crashed = image(tmp_path / "live", tmp_path / "crashed")

        assert await waiting(spool) == ["plex-3"]

    async with open_spool(crashed) as spool:
        assert await waiting(spool) == ["plex-3"]


async def test_a_refused_record_is_kept_out_of_the_way(tmp_path: Path) -> None:
    async with open_spool(tmp_path) as spool:
        await append(spool, record(1), record(2))
        batch = await spool.oldest(1)

        await spool.settle(batch, [], [(batch.kept[0], "too large")])

        assert await waiting(spool) == ["plex-2"]
        assert spool.state().refused == 1

    async with open_spool(tmp_path) as spool:
        assert (spool.state().records, spool.state().refused) == (1, 1)


async def test_the_state_tells_how_much_waits_and_since_when(tmp_path: Path) -> None:
    at = 1_800_000_000.0
    async with open_spool(tmp_path, clock=lambda: at) as spool:
        assert spool.state() == SpoolState(records=0, size=0, refused=0, oldest_at=None)
        await append(spool, record(1, size=10), record(2, size=20))
        assert spool.state() == SpoolState(records=2, size=30, refused=0, oldest_at=datetime.fromtimestamp(at, UTC))

        batch = await spool.oldest(10)
        await spool.settle(batch, batch.kept, [])

        assert spool.state() == SpoolState(records=0, size=0, refused=0, oldest_at=None)
        assert not spool.holds("plex")


async def test_a_full_spool_takes_no_more(tmp_path: Path) -> None:
    async with open_spool(tmp_path, limits=Limits(records=4)) as spool:
        await spool.append(record(1))

        with pytest.raises(SpoolFullError):
            await spool.append(record(2))

        assert await waiting(spool) == ["plex-1"]


async def test_a_full_disk_fails_clearly_and_loses_nothing(tmp_path: Path) -> None:
    async with open_spool(tmp_path, limits=Limits(size=40_000, share=1), gather=AT_ONCE) as spool:
        taken: list[str] = []
        with pytest.raises(SpoolFullError, match="full") as failure:
            await append_until_full(spool, taken)

        assert failure.value.retry_after == timedelta(seconds=5)
        assert len(taken) > 100
        assert await waiting(spool) == taken[:1000]
        assert spool.state().records == len(taken)


async def test_a_disk_with_room_again_is_used_again(tmp_path: Path) -> None:
    async with open_spool(tmp_path, limits=Limits(size=40_000, share=1)) as spool:
        with pytest.raises(SpoolFullError):
            await append(spool, *(record(number, size=1) for number in range(4000)))
        assert not spool.holds("plex")

        await spool.append(record(5000))

        assert await waiting(spool) == ["plex-5000"]


async def test_an_emptied_spool_gives_the_disk_back(tmp_path: Path) -> None:
    async with open_spool(tmp_path) as spool:
        await append(spool, *(record(number, size=200_000) for number in range(60)))
        full = (tmp_path / FIRST).stat().st_size + (tmp_path / f"{FIRST}-wal").stat().st_size
        while (batch := await spool.oldest(200)).kept:
            await spool.settle(batch, batch.kept, [])

    assert full > 12_000_000
    assert (tmp_path / FIRST).stat().st_size < 100_000


async def test_closing_commits_what_is_under_way(tmp_path: Path) -> None:
    async with open_spool(tmp_path, gather=timedelta(seconds=0.05)) as spool:
        under_way = asyncio.ensure_future(spool.append(record(1)))
        await asyncio.sleep(0)

    await under_way
    async with open_spool(tmp_path) as spool:
        assert await waiting(spool) == ["plex-1"]


async def test_one_batch_is_bounded_in_bytes(tmp_path: Path) -> None:
    async with open_spool(tmp_path) as spool:
        await append(spool, *(record(number, size=200_000) for number in range(60)))

        batch = await spool.oldest(200)

    assert 8_000_000 <= sum(len(kept.record.data) for kept in batch.kept) < 9_000_000
