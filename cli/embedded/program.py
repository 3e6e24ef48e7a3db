"""How to run a server in the foreground, and where it can listen."""

import pwd
import socket
import subprocess
from typing import IO, TypedDict

import msgspec

from shared.errors import PermanentError


class EmbeddedServerError(PermanentError):
    """An embedded server cannot be made or started here."""


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """A command, the system user it runs as (None: ours), and the signal that makes it stop quickly and cleanly."""

    name: str
    arguments: tuple[str, ...]
    stop_signal: int
    user: str | None = None

    def start(self, output: int | IO[bytes] | None = None) -> subprocess.Popen[bytes]:
        """Start it, with both of its outputs to `output`."""
        return subprocess.Popen(self.arguments, stdout=output, stderr=output, **run_as(self.user))  # noqa: S603 (our own)


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


def free_port() -> int:
    """Return a port of the loopback address that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
