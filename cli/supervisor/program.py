"""A program that runs in the foreground: how it is started, and how it is made to end with whoever started it.

This package needs the standard library only: the supervisor stays in memory for as long as Usher runs.
"""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import IO, Final, NamedTuple, TypedDict

_PR_SET_PDEATHSIG: Final = 1
_LIBC: Final = ctypes.CDLL(None) if sys.platform == "linux" else None

Output = int | IO[bytes] | None


class Sign(NamedTuple):
    """What a program answers by HTTP once it is ready."""

    host: str
    port: int
    path: str
    status: int = 200


class Program(NamedTuple):
    """A command and how to treat it.

    `stop_signal` makes it stop quickly and cleanly; `death_signal` is what it gets when its supervisor is killed.
    `user` is the system user it runs as (None: ours). It gets `environment` on top of ours, or, where it does not
    `inherit`, nothing else. With a `log` both of its outputs go to that file, else they are ours.
    It is ready when it shows all signs. `folder` is where it writes. `health` is what a nats-server answers while it
    writes; one that has stopped writing is started again once its folder has room.
    """

    name: str
    arguments: tuple[str, ...]
    stop_signal: int = signal.SIGTERM
    death_signal: int = signal.SIGKILL
    user: str | None = None
    environment: Mapping[str, str] = MappingProxyType({})
    inherits: bool = True
    log: str = ""
    ready_when: tuple[Sign, ...] = ()
    folder: str = ""
    health: Sign | None = None

    def start(self, output: Output = None, *, errors: Output = None, leashed: bool = False) -> subprocess.Popen[bytes]:
        """Start it, in a session of its own; its errors go to `output` too where `errors` is None.

        `leashed`, it ends when the process that started it does; only for processes without threads.
        """
        return subprocess.Popen(  # noqa: S603 (our own)
            self.arguments,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output if errors is None else errors,
            env=self._environment(),
            start_new_session=True,
            preexec_fn=leash(self.death_signal) if leashed else None,  # noqa: PLW1509 (no threads, see above)
            **run_as(self.user),
        )

    def _environment(self) -> dict[str, str]:
        inherited = os.environ if self.inherits else {}  # noqa: TID251 (handed on, not read)
        return {**inherited, **self.environment}


class RunAs(TypedDict, total=False):
    """What `subprocess` needs to run a command as another user, without the groups of this one."""

    user: int
    group: int
    extra_groups: list[int]


def run_as(user: str | None) -> RunAs:
    """Return the arguments for a user; none for ourselves."""
    if user is None:
        return {}
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def leash(number: int) -> Callable[[], None]:
    """Return what a new process calls before it becomes the program, so that it gets a signal when we are gone.

    It runs after the change of user, which would undo it (prctl(2)). Where there is no prctl it does nothing.
    """
    parent = os.getpid()

    def tie() -> None:
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)

    return tie


def ending(status: int) -> str:
    """Return what a process ended with, for people; `subprocess` shows a signal as a negative status."""
    if -status in set(signal.Signals):
        return signal.Signals(-status).name
    return f"status {status}" if status >= 0 else f"signal {-status}"
