"""Damage to the spool is noticed, counted, and reported until a person acknowledges it."""

import hashlib
import os
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from services.gateway.spool.drain import Drain, Step
from services.gateway.spool.spool import Spool, open_spool
from shared.errors import UnavailableError
from shared.schemas.secret import Secret
from tests.integration.gateway.house import prepared, settings
from tests.integration.gateway.spooling import FIRST, SECOND, append, image, names, waiting
from tests.small_disk import SmallDisk
from tests.unit.gateway.fakes import FakePublisher, record

PROMISED = 40


def garbage(size: int) -> bytes:
    return hashlib.shake_128(b"seed").digest(size)


def cut(folder: Path) -> None:
    (folder / FIRST).write_bytes(b"")


def cut_with_its_log(folder: Path) -> None:
    (folder / FIRST).write_bytes(b"")
    (folder / f"{FIRST}-wal").unlink()


def remove(folder: Path) -> None:
    (folder / FIRST).unlink()
    (folder / f"{FIRST}-wal").unlink()


def scramble_half_of_the_log(folder: Path) -> None:
    log = folder / f"{FIRST}-wal"
    content = log.read_bytes()
    log.write_bytes(content[: len(content) // 2] + garbage(len(content) - len(content) // 2))


def lose_the_log(folder: Path) -> None:
    (folder / f"{FIRST}-wal").unlink()


def delete_rows(folder: Path) -> None:
    with sqlite3.connect(folder / FIRST) as connection:
        connection.execute("delete from records where sequence % 3 = 0")


def change_rows(folder: Path) -> None:
    with sqlite3.connect(folder / FIRST) as connection:
        connection.execute("update records set data = zeroblob(10) where sequence = 3")
        connection.execute("update records set headers = x'ff' where sequence = 5")
        connection.execute("update records set source = cast(x'ff' as text) where sequence = 7")
        connection.execute("update records set message_id = 7 where sequence = 9")


def scramble_a_page(folder: Path) -> None:
    with sqlite3.connect(folder / FIRST) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
    content = bytearray((folder / FIRST).read_bytes())
    content[8192:12288] = garbage(4096)
    (folder / FIRST).write_bytes(content)


def overwrite(folder: Path) -> None:
    (folder / FIRST).write_bytes(b"this is no database" * 1000)
    (folder / f"{FIRST}-wal").unlink()


DAMAGES = [
    cut,
    cut_with_its_log,
    remove,
    scramble_half_of_the_log,
    lose_the_log,
    delete_rows,
    change_rows,
    scramble_a_page,
    overwrite,
]


async def crashed(tmp_path: Path) -> Path:
    """Return the spool of a gateway that died with records in it."""
    async with open_spool(tmp_path / "live", gather=timedelta(0)) as spool:
        for number in range(PROMISED):
            await spool.append(record(number, size=500))
        return image(tmp_path / "live", tmp_path / "crashed")


async def drained(spool: Spool) -> list[str]:
    publisher = FakePublisher()
    while await Drain(spool, publisher).step() is not Step.EMPTY:
        pass
    return list(publisher.messages)


def lost(spool: Spool) -> int:
    return sum(each.records or 0 for each in spool.damage())


@pytest.mark.parametrize("damage", DAMAGES)
async def test_what_does_not_come_out_again_is_counted_as_lost(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    folder = await crashed(tmp_path)
    damage(folder)

    async with open_spool(folder) as spool:
        await spool.append(record(1000))
        found = await drained(spool)
        assert set(found) <= {*(f"plex-{number}" for number in range(PROMISED)), "plex-1000"}
        assert "plex-1000" in found
        assert lost(spool) == PROMISED + 1 - len(found) > 0
        assert spool.state().records == 0
        assert not spool.holds("plex")

    async with open_spool(folder) as spool:
        assert lost(spool) == PROMISED + 1 - len(found)  # a restart neither hides it nor counts it twice
        (folder / "damage.jsonl").unlink()
        assert spool.damage() == []


async def test_what_is_left_of_a_damaged_file_is_kept_for_a_person(tmp_path: Path) -> None:
    folder = await crashed(tmp_path)
    log = (folder / f"{FIRST}-wal").read_bytes()
    cut(folder)

    async with open_spool(folder) as spool:
        (damage,) = spool.damage()

    assert (damage.file, damage.records, damage.kept_as) == (FIRST, PROMISED, f"{FIRST}.damaged-1")
    assert (folder / f"{FIRST}.damaged-1-wal").read_bytes() == log


async def test_the_file_of_a_dead_gateway_is_missed_too(tmp_path: Path) -> None:
    async with open_spool(tmp_path), open_spool(tmp_path) as other:
        await append(other, record(1), record(2))
    (tmp_path / SECOND).unlink()

    async with open_spool(tmp_path) as spool:
        assert await drained(spool) == []
        (damage,) = spool.damage()

    assert (damage.file, damage.records) == (SECOND, 2)
    assert names(tmp_path, "spool-1*") == []


def scramble_all_pages(file: Path) -> None:
    with file.open("r+b") as opened:
        for page in range(1, file.stat().st_size // 4096):
            opened.seek(page * 4096)
            opened.write(garbage(4096))


@pytest.mark.parametrize("damage", [scramble_all_pages, lambda file: os.truncate(file, 0)])
async def test_a_file_that_is_damaged_under_way_makes_room_for_a_new_one(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    async with open_spool(tmp_path, gather=timedelta(0)) as spool:
        await append(spool, *(record(number, size=200_000) for number in range(60)))
        damage(tmp_path / FIRST)

        found = await drained(spool)
        await spool.append(record(1000))
        found += await drained(spool)

        assert found[-1] == "plex-1000"
        assert lost(spool) == 61 - len(found) > 0
        assert spool.state().records == 0


async def test_a_file_that_turns_out_to_be_damaged_leaves_room_for_what_an_attempt_promises(tmp_path: Path) -> None:
    async with open_spool(tmp_path, gather=timedelta(0)) as spool:
        await spool.check_writable()
        await append(spool, *(record(number, size=200_000) for number in range(60)))
        await waiting(spool)
        scramble_all_pages(tmp_path / FIRST)

        await spool.check_writable()

        assert lost(spool) == 60
        await spool.append(record(1000))
        assert await drained(spool) == ["plex-1000"]


async def test_a_damage_on_a_full_disk_is_noted_and_made_good_once_there_is_room(disk: SmallDisk) -> None:
    folder = disk.folder / "spool"
    async with open_spool(folder, gather=timedelta(0)) as spool:
        await append(spool, *(record(number, size=200_000) for number in range(60)))
        await waiting(spool)
        with sqlite3.connect(folder / FIRST) as connection:
            connection.execute("pragma wal_checkpoint(truncate)")  # no log is left that would make room when it goes
        scramble_all_pages(folder / FIRST)
        disk.fill()
        for _ in range(2):
            with pytest.raises(UnavailableError):
                await spool.append(record(999))
        assert lost(spool) == 60

        disk.clear()
        await spool.append(record(1000))

        assert await drained(spool) == ["plex-1000"]
        assert (folder / "damage.jsonl").read_bytes().count(b"\n") == 1
        assert lost(spool) == 60


async def test_with_a_damaged_count_the_spool_is_not_reported_as_whole(tmp_path: Path) -> None:
    folder = await crashed(tmp_path)
    (folder / f"{FIRST}.count").write_bytes(b"")

    async with open_spool(folder) as spool:
        assert len(await waiting(spool)) == PROMISED
        (damage,) = spool.damage()

    assert damage.records is None


async def test_the_file_of_an_older_version_is_taken_as_it_is(tmp_path: Path) -> None:
    folder = await crashed(tmp_path)
    with sqlite3.connect(folder / FIRST) as connection:
        connection.execute("alter table records drop column checksum")
    (folder / f"{FIRST}.count").unlink()

    async with open_spool(folder) as spool:
        await spool.append(record(1000))
        assert len(await drained(spool)) == PROMISED + 1
        assert spool.damage() == []


async def test_a_half_written_note_hides_no_other(tmp_path: Path) -> None:
    folder = await crashed(tmp_path)
    (folder / "damage.jsonl").write_bytes(b'{"noticed_at": "20\xff\n')
    cut(folder)

    async with open_spool(folder) as spool:
        assert lost(spool) == PROMISED


async def test_health_and_figures_say_that_webhooks_are_lost(
    database_url: Secret, nats_url: Secret, tmp_path: Path
) -> None:
    folder = await crashed(tmp_path)
    lose_the_log(folder)
    folder.rename(tmp_path / "spool")

    async with prepared(settings(database_url, nats_url, tmp_path)) as house:
        health = (await house.get("/api/health")).json()
        figures = (await house.get("/metrics", headers={})).text

    (damage,) = health["spool"]["damage"]
    assert (health["status"], health["spool"]["lost"], damage["records"]) == ("degraded", PROMISED, PROMISED)
    assert f"usher_spool_lost_records {float(PROMISED)}" in figures
