"""The spool's files: one per living process, those of dead ones adopted, broken ones never in the way."""

import stat
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from services.gateway.spool.record import UnusableSpoolError
from services.gateway.spool.spool import open_spool
from tests.integration.gateway.spooling import FIRST, SECOND, append, names, waiting
from tests.unit.gateway.fakes import record


async def test_two_gateways_in_one_folder_have_a_file_each(tmp_path: Path) -> None:
    async with open_spool(tmp_path) as one, open_spool(tmp_path) as other:
        await one.append(record(1))
        await other.append(record(2))

        assert await waiting(one) == ["plex-1"]
        assert await waiting(other) == ["plex-2"]
        assert names(tmp_path, "*.sqlite") == [FIRST, SECOND]


async def test_a_dead_gateways_file_is_drained_first_and_then_removed(tmp_path: Path) -> None:
    async with open_spool(tmp_path), open_spool(tmp_path) as other:
        await append(other, record(1), record(2))

    async with open_spool(tmp_path) as spool:
        await spool.append(record(3))
        assert spool.holds("plex")
        assert spool.state().records == 3
        batch = await spool.oldest(10)
        assert [kept.record.message_id for kept in batch.kept] == ["plex-1", "plex-2"]
        await spool.settle(batch, batch.kept, [])

        assert await waiting(spool) == ["plex-3"]
        assert names(tmp_path, "spool-1*") == []


async def test_a_dead_gateways_file_with_refused_records_stays(tmp_path: Path) -> None:
    async with open_spool(tmp_path), open_spool(tmp_path) as other:
        await other.append(record(1))
        batch = await other.oldest(1)
        await other.settle(batch, [], [(batch.kept[0], "too large")])

    with capture_logs() as logs:
        async with open_spool(tmp_path) as spool:
            assert await waiting(spool) == []

    assert (tmp_path / SECOND).exists()
    assert "spool_kept_for_refused_records" in {entry["event"] for entry in logs}


async def test_a_living_gateways_file_is_left_alone(tmp_path: Path) -> None:
    async with open_spool(tmp_path) as living:
        await living.append(record(1))

        async with open_spool(tmp_path) as spool:
            assert await waiting(spool) == []


async def test_a_damaged_file_is_set_aside_and_the_gateway_starts(tmp_path: Path) -> None:
    (tmp_path / FIRST).write_bytes(b"this is no database" * 1000)

    with capture_logs() as logs:
        async with open_spool(tmp_path) as spool:
            await spool.append(record(1))
            assert await waiting(spool) == ["plex-1"]

    assert (tmp_path / f"{FIRST}.damaged-1").read_bytes().startswith(b"this is no database")
    assert [entry["event"] for entry in logs] == ["spool_damaged"]


async def test_an_unusable_folder_is_reported_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file where the folder should be")

    with pytest.raises(UnusableSpoolError, match="cannot be used"):
        async with open_spool(tmp_path / "spool"):
            pass


async def test_the_files_are_for_their_owner_only(tmp_path: Path) -> None:
    async with open_spool(tmp_path / "spool") as spool:
        await spool.append(record(1))

        modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "spool").iterdir()}

    assert modes == {0o600}
    assert stat.S_IMODE((tmp_path / "spool").stat().st_mode) == 0o700
