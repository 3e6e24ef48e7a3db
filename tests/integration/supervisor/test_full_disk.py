"""The supervisor and the servers that it starts, on a disk without room."""

import signal
from pathlib import Path

import pytest

from cli.embedded.nats import EmbeddedNats
from cli.embedded.program import EmbeddedServerError, free_port
from cli.supervisor.disk import has_room
from cli.supervisor.program import HttpCheck
from cli.supervisor.readiness import passes
from cli.supervisor.restart import Limits
from tests.integration.supervisor.running import processes_of, stand_in, supervised, until
from tests.small_disk import SmallDisk

QUICK = Limits(first_pause_s=0.01, longest_pause_s=0.02, deaths=3)


def test_there_is_room_until_the_disk_is_full_and_again_after_it(disk: SmallDisk) -> None:
    found = [has_room(str(disk.folder))]
    disk.fill(leave=1024 * 1024)
    found.append(has_room(str(disk.folder)))
    disk.clear()
    found.append(has_room(str(disk.folder)))

    assert found == [True, False, True]
    assert list(disk.folder.iterdir()) == []


def test_what_dies_on_a_full_disk_is_tried_without_end_and_counted_only_once_there_is_room(
    disk: SmallDisk, tmp_path: Path
) -> None:
    disk.fill()
    broken = stand_in(tmp_path / "run", "broken")._replace(folder=str(disk.folder))
    usher = supervised(tmp_path / "run", [broken], limits=QUICK)
    tried = f"linker ended with status 1; the disk of {disk.folder} is full; starting it again"
    until(lambda: usher.output.count(tried) > QUICK.deaths * 3)

    disk.clear()

    assert usher.status() == 1
    assert "linker ended more than 3 times in 60 s" in usher.output


def test_a_server_that_stopped_writing_is_started_again_once_there_is_room_and_that_is_no_death(
    disk: SmallDisk, tmp_path: Path
) -> None:
    folder, port = tmp_path / "run", free_port()
    folder.mkdir()
    server = stand_in(folder, "stopped", port=port, name="nats")._replace(
        folder=str(disk.folder), health=HttpCheck("127.0.0.1", port, "/healthz")
    )
    disk.fill()
    usher = supervised(folder, [], servers=[server], look_every_s=0.05, limits=QUICK)
    usher.says("nats has stopped writing")
    (first,) = processes_of(folder, containing="stand_in.py")

    disk.clear()
    usher.says(f"there is room in {disk.folder}; nats is started again")
    until(lambda: passes(HttpCheck("127.0.0.1", port, "/healthz")))

    assert processes_of(folder, containing="stand_in.py") != [first]
    usher.signal(signal.SIGTERM)
    assert usher.status() == 0
    assert usher.output.count("nats has stopped writing") == 1
    assert "ended with" not in usher.output


def test_a_server_that_stopped_writing_and_does_not_end_is_killed(tmp_path: Path) -> None:
    folder, port = tmp_path / "run", free_port()
    folder.mkdir()
    health = HttpCheck("127.0.0.1", port, "/healthz")
    server = stand_in(folder, "stuck", port=port, name="nats")._replace(folder=str(tmp_path), health=health)

    usher = supervised(folder, [], servers=[server], look_every_s=0.05, renew_within_s=0.2, limits=QUICK)

    usher.says("nats does not end; it is killed")
    until(lambda: passes(health))
    usher.signal(signal.SIGTERM)
    assert usher.status() == 0
    assert "ended with" not in usher.output


def test_a_disk_that_is_gone_is_not_called_full(tmp_path: Path) -> None:
    broken = stand_in(tmp_path / "run", "broken")._replace(folder=str(tmp_path / "gone"))

    usher = supervised(tmp_path / "run", [broken], limits=QUICK)

    assert usher.status() == 1
    assert "is full" not in usher.output


def test_a_password_that_does_not_fit_is_not_cut_off(disk: SmallDisk) -> None:
    server = EmbeddedNats(disk.folder / "nats", port=free_port())
    disk.fill()
    with pytest.raises(EmbeddedServerError, match="No space left on device"):
        server.prepare()
    disk.clear()

    server.prepare()

    assert len(server.url.reveal()) > len("nats://usher:@127.0.0.1:12345") + 30
