"""`make demo` as a process: it comes up, lives, and leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.embedded.program import free_port
from simulators.demo.__main__ import KEY
from tests.integration.supervisor.running import processes_of, until

READY_WITHIN_S = 30
STOP_WITHIN_S = 20


class Demo:
    """The demo on a port of its own, its temporary folder within reach."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.output = folder / "said"
        with self.output.open("wb") as writer:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "simulators.demo", "--port", str(self.port), "--every", "0.2"],
                stdout=writer,
                stderr=writer,
                env={**os.environ, "TMPDIR": str(folder), **variables},  # noqa: TID251 (handed on)
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self.output.read_text(errors="replace")

    def wait(self) -> None:
        until(lambda: "What people watch" in self.said or self.process.poll() is not None, READY_WITHIN_S)
        assert "What people watch" in self.said, self.said

    def plays(self) -> int:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/api/history", headers={"X-API-Key": KEY})
        with urllib.request.urlopen(request, timeout=5) as response:
            return int(json.load(response)["total"])


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not pytest's own: PostgreSQL's user must come through."""
    with tempfile.TemporaryDirectory(prefix="usher-test-demo-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_comes_up_lives_and_leaves_nothing(folder: Path, number: signal.Signals) -> None:
    demo = Demo(folder, DATABASE_URL="postgresql://real:secret@127.0.0.1:1/real", SEERR_URL="http://real.example")
    demo.wait()
    until(lambda: demo.plays() >= 9, 20)
    began = time.monotonic()
    demo.process.send_signal(number)
    status = demo.process.wait(STOP_WITHIN_S)

    assert status == 0
    assert time.monotonic() - began < STOP_WITHIN_S
    assert processes_of(folder) == []
    assert [path.name for path in folder.iterdir()] == ["said"]
    assert "real.example" not in demo.said


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
    assert "demo: Usher ended with status 2" in demo.said
