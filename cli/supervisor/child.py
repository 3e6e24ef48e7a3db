"""One program that should be running, with the history of its processes."""

import os
import subprocess
import sys
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Final

from cli.supervisor import logfile
from cli.supervisor.program import Program
from cli.supervisor.restart import Limits, pause_s

_LONGEST_TAIL: Final = 4096


class Child:
    """A program with its current process."""

    def __init__(self, program: Program, *, limits: Limits) -> None:
        self.program: Final = program
        self._limits = limits
        self._deaths: deque[float] = deque(maxlen=limits.deaths + 1)
        self._process: subprocess.Popen[bytes] | None = None
        self._tail = b""
        self.errors: int | None = None
        """The reading end of its standard error, where that passes through us."""
        self.due_at: float | None = None
        """When to start it again, in time.monotonic()'s seconds."""
        self.is_renewed = False
        """True while it is being restarted."""

    @property
    def is_alive(self) -> bool:
        """True while it has a process."""
        return self._process is not None

    def start(self) -> None:
        """Start it. Raises OSError if that is impossible."""
        self.due_at = None
        self.is_renewed = False
        self._tail = b""
        if self.program.log:
            with logfile.open_log(Path(self.program.log)) as output:
                self._process = self.program.start(output, dies_with_parent=True)
            return
        self.errors, theirs = os.pipe()
        os.set_blocking(self.errors, False)
        try:
            self._process = self.program.start(errors=theirs, dies_with_parent=True)
        finally:
            os.close(theirs)

    def send(self, number: int) -> None:
        """Send its process a signal, if it has one."""
        if self._process is not None:
            self._process.send_signal(number)

    def restart(self) -> None:
        """Make its process end, so that a new one starts; this does not count as a death."""
        self.is_renewed = True
        self.send(self.program.stop_signal)

    def kill(self) -> None:
        """Kill its whole session."""
        if self._process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, 9)

    def ended(self) -> int | None:
        """Return the exit status once its process has ended, and forget that process."""
        status = self._process.poll() if self._process is not None else None
        if status is not None:
            self._process = None
            self.forward()
            self._close()
        return status

    def postpone(self) -> float:
        """Delay the next start as after many deaths, without counting one; return the pause."""
        self.due_at = time.monotonic() + self._limits.longest_pause_s
        return self._limits.longest_pause_s

    def record_death(self) -> float | None:
        """Record a death now; return the pause until the next start, None if it died too often."""
        now = time.monotonic()
        self._deaths.append(now)
        pause = pause_s(self._deaths, now=now, limits=self._limits)
        self.due_at = None if pause is None else now + pause
        return pause

    def forward(self) -> None:
        """Pass on its standard error, and keep the end of it."""
        while self.errors is not None and (chunk := _read(self.errors)) is not None:
            if not chunk:
                self._close()
                return
            self._tail = (self._tail + chunk)[-_LONGEST_TAIL:]
            with suppress(OSError):
                sys.stderr.buffer.write(chunk)
                sys.stderr.flush()

    def last_output(self) -> str:
        """Return the last line of its standard error or its log; empty if there is none."""
        tail = logfile.tail(Path(self.program.log)) if self.program.log else self._tail
        lines = tail.decode(errors="replace").splitlines()
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def _close(self) -> None:
        if self.errors is not None:
            os.close(self.errors)
            self.errors = None


def _read(descriptor: int) -> bytes | None:
    try:
        return os.read(descriptor, _LONGEST_TAIL)
    except BlockingIOError:
        return None
