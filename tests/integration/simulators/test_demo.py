"""`make demo` as a process: it comes up, lives, and leaves nothing behind."""

import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.demo import READY_WITHIN_S, Demo, until
from tests.integration.supervisor.running import processes_of


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not pytest's own: PostgreSQL's user must come through."""
    with tempfile.TemporaryDirectory(prefix="usher-test-demo-") as name:
        yield Path(name)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_comes_up_lives_and_leaves_nothing(folder: Path, number: signal.Signals) -> None:
    real = {"DATABASE_URL": "postgresql://real:secret@127.0.0.1:1/real", "SEERR_URL": "http://real.example"}
    demo = Demo(folder, every_s=0.2, **real)
    demo.wait()
    until(lambda: bool(demo.usher("/api/history")["total"] >= 9), 20)
    servers = [each["name"] for each in demo.usher("/api/mediaservers")["items"]]

    status = demo.stop(number)

    assert status == 0
    assert sorted(servers) == ["Cellar", "Plex", "Shed"]
    assert processes_of(folder) == []
    assert [path.name for path in folder.iterdir()] == ["said"]
    assert "real.example" not in demo.output
    assert "not added" not in demo.output


def test_killed_it_takes_usher_along(folder: Path) -> None:
    demo = Demo(folder)
    demo.wait()
    demo.process.kill()
    demo.process.wait()

    until(lambda: processes_of(folder) == [], 15)


def test_it_ends_when_usher_does(folder: Path) -> None:
    demo = Demo(folder, LOG_LEVEL="NONSENSE")

    status = demo.process.wait(READY_WITHIN_S)

    assert status == 1
    assert "demo: Usher ended with status 2" in demo.output
