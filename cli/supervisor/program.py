"""A program in the foreground: how to start it, and how it ends together with its parent.

This package uses the standard library only: the supervisor stays in memory for as long as Usher runs.
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


class HttpCheck(NamedTuple):
    """The HTTP answer of a program that is ready."""

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
    ready_when: tuple[HttpCheck, ...] = ()
    folder: str = ""
    health: HttpCheck | None = None

    def start(
        self, output: Output = None, *, errors: Output = None, dies_with_parent: bool = False
    ) -> subprocess.Popen[bytes]:
        """Start it in its own session; its errors go to `output` too if `errors` is None.

        With `dies_with_parent`, it ends when the process that started it does; only for processes without threads.
        """
        return subprocess.Popen(  # noqa: S603 (our own)
            self.arguments,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output if errors is None else errors,
            env=self._environment(),
            start_new_session=True,
            preexec_fn=die_with_parent(self.death_signal) if dies_with_parent else None,  # noqa: PLW1509 (no threads, see above)
            **run_as(self.user),
        )

    def _environment(self) -> dict[str, str]:
        inherited = os.environ if self.inherits else {}  # noqa: TID251 (handed on, not read)
        return {**inherited, **self.environment}


class RunAs(TypedDict, total=False):
    """Arguments of `subprocess` for running a command as another user, without the groups of this one."""

    user: int
    group: int
    extra_groups: list[int]


def run_as(user: str | None) -> RunAs:
    """Return the arguments for a user; none for ourselves."""
    if user is None:
        return {}
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def die_with_parent(number: int) -> Callable[[], None]:
    """Return what a new process must call before it becomes the program, so that it gets a signal when we end.

    It runs after the change of user, which would undo it (prctl(2)). Without prctl it does nothing.
    """
    parent = os.getpid()

    def tie() -> None:
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)

    return tie


def describe_exit(status: int) -> str:
    """Return how a process ended, for people; `subprocess` shows a signal as a negative status."""
    if -status in set(signal.Signals):
        return signal.Signals(-status).name
    return f"status {status}" if status >= 0 else f"signal {-status}"
