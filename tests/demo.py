"""A whole demo for a test: `make demo` as a process, with its REST API, its stage and its processes."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from cli.embedded.program import free_port
from simulators.demo.__main__ import KEY
from tests.integration.supervisor.running import processes_of

READY_WITHIN_S: Final = 30.0
STOP_WITHIN_S: Final = 20.0


class Answered(Exception):  # noqa: N818 (it is an answer that is no)
    """A call was refused."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text}")
        self.status = status


class Demo:
    """The demo on its own ports; its data is somewhere in `folder` and deleted at the end."""

    def __init__(self, folder: Path, *, every_s: float = 1.0, **variables: str) -> None:
        self.folder = folder
        self.log = folder / "said"
        arguments = ["--port", str(free_port()), "--every", str(every_s)]
        with self.log.open("wb") as writer:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "simulators.demo", *arguments],
                stdout=writer,
                stderr=writer,
                env={**os.environ, "TMPDIR": str(folder), **variables},  # noqa: TID251 (handed on)
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    @property
    def data(self) -> Path:
        """The data folder of its Usher."""
        return next(self.folder.glob("usher-demo-*/data"))

    @property
    def url(self) -> str:
        """The address of its Usher."""
        address = re.search(r"(http://\S+)/docs ", self.output)
        assert address is not None
        return address[1]

    def wait(self) -> None:
        """Wait until it has printed its instructions."""
        until(lambda: "What people watch" in self.output or self.process.poll() is not None, READY_WITHIN_S)
        assert "What people watch" in self.output, self.output[-4000:]

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(STOP_WITHIN_S)

    def kill(self, part: str) -> None:
        """Kill a part, as `kill -9` does."""
        for process in processes_of(self.folder, containing=part):
            os.kill(process, signal.SIGKILL)

    def usher(self, path: str, body: Any = None, *, method: str | None = None) -> Any:
        """Call Usher's REST API as curl would, and return its JSON."""
        return _called(f"{self.url}{path}", body, method=method, headers={"X-API-Key": KEY})

    def stage(self, path: str, body: Any = None) -> Any:
        """Act as the people of the town, and return the result."""
        address = re.search(r"(http://\S+)/people\n", self.output)
        assert address is not None
        return _called(f"{address[1]}{path}", body)

    def is_well(self) -> bool:
        try:
            return bool(self.usher("/api/health")["status"] == "ok")
        except (OSError, Answered):
            return False


def _called(url: str, body: Any = None, *, method: str | None = None, headers: dict[str, str] | None = None) -> Any:
    content = None if body is None else json.dumps(body).encode()
    sent = {**(headers or {}), **({} if body is None else {"Content-Type": "application/json"})}
    request = urllib.request.Request(url, data=content, headers=sent, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return json.loads(response.read() or b"null")
    except urllib.error.HTTPError as exc:
        raise Answered(exc.code, exc.read().decode(errors="replace")) from exc


def until(holds: Callable[[], bool], within_s: float = 15) -> None:
    """Wait until something holds; assert that it does in time."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, "it does not come true"
        time.sleep(0.1)
