"""A complete Usher for a test: `usher run` with its own data folder and port, and access to its processes."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from cli.embedded.program import free_port

READY_WITHIN_S: Final = 60.0
API_KEY: Final = "usha_" + "k" * 43
WEBHOOK_SECRET: Final = "webhook-" + "s" * 43
PASSWORD: Final = "a long enough password"
FIRST: Final = {
    "USHER_API_KEY": API_KEY,
    "USHER_WEBHOOK_SECRET": WEBHOOK_SECRET,
    "USHER_ADMIN_PASSWORD": PASSWORD,
}
"""The settings of a first start."""


class Process(msgspec.Struct, frozen=True):
    """A process of Usher."""

    pid: int
    command: str


class House:
    """`usher run`, started, killed and called from outside."""

    def __init__(self, folder: Path, *, port: int | None = None, variables: Mapping[str, str] = FIRST) -> None:
        self.folder = folder
        self._variables = variables
        self.port = port or free_port()
        self.log = folder.with_suffix(".log")
        self._run: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> float:
        """Start, wait until it is ready, and return the seconds that took."""
        began = time.monotonic()
        with self.log.open("ab") as output:
            self._run = subprocess.Popen(
                [sys.executable, "-m", "cli", "run"],
                stdout=output,
                stderr=output,
                env={
                    **os.environ,  # noqa: TID251 (the test's environment, handed on)
                    "USHER_DATA_DIR": str(self.folder),
                    "USHER_PORT": str(self.port),
                    **self._variables,
                    "LOG_FORMAT": "json",
                },
            )
        while not self._is_ready():
            if self._run.poll() is not None or time.monotonic() - began > READY_WITHIN_S:
                raise AssertionError(f"usher run does not come up:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.05)
        return time.monotonic() - began

    def _is_ready(self) -> bool:
        try:
            return bool(self.get("/api/health")["status"] == "ok")
        except (OSError, ValueError):
            return False

    def stop(self) -> float:
        """Stop as Ctrl-C does, and return the seconds that took."""
        if self._run is None:
            return 0.0
        began = time.monotonic()
        self._run.send_signal(signal.SIGINT)
        self._run.wait(30)
        return time.monotonic() - began

    def kill_all(self) -> None:
        """Kill every process at once, as a power cut does."""
        assert self._run is not None
        for process in [Process(self._run.pid, "usher run"), *self.processes()]:
            _signal(process.pid, signal.SIGKILL)
        self._run.wait(10)

    def processes(self) -> list[Process]:
        """Return the children of `usher run` and theirs."""
        assert self._run is not None
        parents = {self._run.pid}
        found: list[Process] = []
        for process, parent in sorted(_all_processes(), key=lambda pair: pair[0].pid):
            if parent in parents:
                parents.add(process.pid)
                found.append(process)
        return found

    def pid_of(self, part: str) -> int:
        """Return the first process with this text in its command line."""
        return next(process.pid for process in self.processes() if part in process.command)

    def send(self, part: str, number: signal.Signals) -> None:
        """Send a signal to a part: a service's module, `nats-server` or `postgres`."""
        _signal(self.pid_of(part), number)

    def get(self, path: str) -> Any:
        """Ask the REST API and return its JSON."""
        request = urllib.request.Request(f"{self.url}{path}", headers={"X-API-Key": API_KEY})
        with urllib.request.urlopen(request, timeout=5) as response:
            return json.load(response)

    def pages(self, path: str) -> list[Any]:
        """Return all items of a list."""
        items: list[Any] = []
        sign = "&" if "?" in path else "?"
        while True:
            page = self.get(f"{path}{sign}limit=200&offset={len(items)}")
            items += page["items"]
            if not page["items"] or len(items) >= page["total"]:
                return items


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _all_processes() -> list[tuple[Process, int]]:
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
        except (OSError, IndexError):
            continue
        found.append((Process(int(folder.name), command), int(parent)))
    return found
