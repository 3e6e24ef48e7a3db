"""Keeps the programs of a plan running until it is told to stop, then stops them in order and in time.

Services start at the same time as the servers: they wait for what they need by themselves.
"""

import os
import select
import signal
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Final

from cli.supervisor.child import Child
from cli.supervisor.disk import NO_ROOM, is_full
from cli.supervisor.plan import Plan
from cli.supervisor.program import Program, describe_exit
from cli.supervisor.readiness import passes
from cli.supervisor.renewal import Renewal

SETTINGS_ARE_WRONG: Final = 2
"""The status of a service that cannot read its settings: starting it again would change nothing."""

_STOPPING: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_LOOK_AGAIN_S: Final = 0.05
_SAY_AGAIN_S: Final = 15.0
_IDLE_S: Final = 3600.0


class GaveUpError(Exception):
    """One program cannot be kept running, so all stop; `status` is the supervisor's exit status."""

    def __init__(self, text: str, *, status: int) -> None:
        super().__init__(text)
        self.status = status


class Supervisor:
    """One run of a plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._servers = self._children(plan.servers)
        self._services = self._children(plan.services)
        self._all = [*self._servers, *self._services]
        self._renewal = Renewal(self._servers, every_s=plan.look_every_s, within_s=plan.renew_within_s, say=say)
        self._is_told_to_stop = False
        self._is_announced = False
        self._say_again_at = time.monotonic() + _SAY_AGAIN_S
        self._bell, self._rope = os.pipe()

    def _children(self, programs: Iterable[Program]) -> list[Child]:
        return [Child(program, limits=self._plan.limits) for program in programs]

    def run(self) -> int:
        """Run until a signal stops it (status 0) or a program cannot be kept running."""
        self._listen()
        status = 0
        try:
            for child in self._all:
                _start(child)
            while not self._is_told_to_stop:
                self._step()
        except GaveUpError as exc:
            say(str(exc))
            status = exc.status
        finally:
            self._stop()
            for number in _STOPPING:  # Python gives them their default back when it ends: one more would be the status
                signal.signal(number, signal.SIG_IGN)
            for path in self._plan.remove:
                Path(path).unlink(missing_ok=True)
        return status

    def _listen(self) -> None:
        for end in (self._bell, self._rope):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self._rope, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        for number in _STOPPING:
            if signal.getsignal(number) is not signal.SIG_IGN or number == signal.SIGINT:
                signal.signal(number, self._on_signal)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if self._is_told_to_stop:
            for child in self._all:
                child.kill()
        self._is_told_to_stop = True

    def _step(self) -> None:
        self._wait(self._patience_s())
        for child in self._all:
            status = child.ended()
            if status is not None:
                self._restart_later(child, status)
            elif child.due_at is not None and child.due_at <= time.monotonic():
                _start(child)
        self._renewal.look()
        if not self._is_announced:
            self._announce()

    def _patience_s(self) -> float:
        if not self._is_announced:
            return _LOOK_AGAIN_S
        due = [at for at in (self._renewal.due_at, *(child.due_at for child in self._all)) if at is not None]
        return max(0.0, min(due) - time.monotonic()) if due else _IDLE_S

    def _wait(self, seconds: float) -> None:
        """Sleep until a signal comes or the time is over; meanwhile pass on what programs print."""
        errors = [child.errors for child in self._all if child.errors is not None]
        readable, _, _ = select.select([self._bell, *errors], [], [], seconds)
        if self._bell in readable:
            with suppress(BlockingIOError):
                os.read(self._bell, 4096)
        for child in self._all:
            if child.errors in readable:
                child.forward()

    def _restart_later(self, child: Child, status: int) -> None:
        if child.is_renewed:
            _start(child)
            return
        name, words = child.program.name, child.last_output() or "it said nothing"
        if status == SETTINGS_ARE_WRONG and child in self._services:
            raise GaveUpError(f"{name} cannot run with these settings; all stop", status=SETTINGS_ARE_WRONG)
        has_no_room = is_full(child.program.folder)
        pause = child.postpone() if has_no_room else child.record_death()
        if pause is None:
            often = f"more than {self._plan.limits.deaths} times in {self._plan.limits.within_s:.0f} s"
            raise GaveUpError(f"{name} ended {often}, last with {describe_exit(status)}: {words}", status=1)
        why = f"; the disk of {child.program.folder} is full" if has_no_room else ""
        say(f"{name} ended with {describe_exit(status)}{why}; starting it again in {pause:.1f} s ({words})")

    def _announce(self) -> None:
        waiting = [child.program.name for child in self._services if not _is_ready(child)]
        if not waiting:
            self._is_announced = True
            sys.stdout.write(f"Usher is ready at {self._plan.address} (its API: {self._plan.address}/docs)\n")
            sys.stdout.flush()
        elif time.monotonic() > self._say_again_at:
            self._say_again_at = time.monotonic() + _SAY_AGAIN_S
            say(f"still waiting for {', '.join(waiting)}")

    def _stop(self) -> None:
        self._is_told_to_stop = True
        began_at = time.monotonic()
        self._end(self._services, by=began_at + self._plan.stop_services_within_s)
        self._end(self._servers, by=began_at + self._plan.stop_all_within_s)

    def _end(self, children: list[Child], *, by: float) -> None:
        for child in children:
            child.send(child.program.stop_signal)
        while _alive(children) and (left := by - time.monotonic()) > 0:
            self._wait(left)
        for child in _alive(children):
            say(f"{child.program.name} does not stop in time; it is killed")
            child.kill()
        while _alive(children):
            self._wait(_LOOK_AGAIN_S)


def _start(child: Child) -> None:
    try:
        child.start()
    except (OSError, KeyError) as exc:  # KeyError: its system user is gone
        if isinstance(exc, OSError) and exc.errno in NO_ROOM:
            say(f"{child.program.name} cannot be started yet: {exc}")
            child.postpone()
            return
        raise GaveUpError(f"{child.program.name} cannot be started: {exc}", status=1) from exc


def _alive(children: list[Child]) -> list[Child]:
    return [child for child in children if child.is_alive and child.ended() is None]


def _is_ready(child: Child) -> bool:
    return child.is_alive and all(passes(check) for check in child.program.ready_when)


def say(text: str) -> None:
    """Print a line for the person at the terminal."""
    with suppress(OSError):
        sys.stderr.write(f"usher: {text}\n")
        sys.stderr.flush()
