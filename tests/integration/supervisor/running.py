"""Usher as a person starts it: a process, its output, and what it leaves behind."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from cli.supervisor.plan import Plan, dump
from cli.supervisor.program import HttpCheck, Program, run_as

REPOSITORY = Path(__file__).parents[3]
STAND_IN = Path(__file__).with_name("stand_in.py")


class Usher:
    """A process in its own session, so that a signal reaches no other process."""

    def __init__(
        self, arguments: Sequence[str], output: Path, *, user: str | None = None, **variables: str | None
    ) -> None:
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), **variables}  # noqa: TID251 (handed on)
        with output.open("wb") as writer:
            self.process = subprocess.Popen(
                list(arguments),
                stdout=writer,
                stderr=writer,
                env={name: value for name, value in environment.items() if value is not None},
                cwd=output.parent,
                start_new_session=True,
                **run_as(user),
            )
        self._output = output

    @property
    def output(self) -> str:
        return self._output.read_text(errors="replace")

    def says(self, text: str, *, within_s: float = 40) -> None:
        until(lambda: text in self.output or self.process.poll() is not None, within_s)
        assert text in self.output, f"ended with {self.process.poll()} and said: {self.output}"

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def status(self, *, within_s: float = 30) -> int:
        return self.process.wait(within_s)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def supervised(folder: Path, services: Sequence[Program], **limits: object) -> Usher:
    """A supervisor of stand-ins only, without servers."""
    folder.mkdir(exist_ok=True)
    plan = Plan(address="http://127.0.0.1:1", servers=[], services=services)._replace(**limits)  # type: ignore[arg-type]
    (folder / "plan").write_text(dump(plan))
    return Usher([sys.executable, "-m", "cli.supervisor", str(folder / "plan")], folder / "said")


def stand_in(folder: Path, how: str, *, port: int = 0, name: str = "linker") -> Program:
    return Program(
        name=name,
        arguments=(sys.executable, str(STAND_IN), how, str(port), str(folder)),
        ready_when=(HttpCheck("127.0.0.1", port, "/health"),) if port else (),
    )


def processes_of(folder: Path, *, containing: str = "") -> list[int]:
    """Ids of the processes with a folder in their arguments or as working folder, and of their children.

    The working folder of another user's process cannot always be read, for example by root in a container.
    """
    arguments = dict(_commands())
    found = {each for each, words in arguments.items() if str(folder) in words or _lives_in(each, folder)}
    parents = {each: _parent(each) for each in arguments}
    while more := {each for each, parent in parents.items() if parent in found} - found:
        found |= more
    return sorted(each for each in found - {os.getpid()} if containing in arguments[each])


def _commands() -> Iterator[tuple[int, str]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                if words := (entry / "cmdline").read_bytes().decode(errors="replace"):
                    yield int(entry.name), words


def _lives_in(process: int, folder: Path) -> bool:
    try:
        home = Path(f"/proc/{process}/cwd").readlink()
    except OSError:
        return False
    return folder in [home, *home.parents]


def _parent(process: int) -> int | None:
    try:
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None


def until(holds: Callable[[], bool], within_s: float = 30) -> None:
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, "it does not come true"
        time.sleep(0.02)
