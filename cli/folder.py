"""The data folder of `usher run`: its contents, who can read them, and that only one copy uses it.

postgres/ nats/ spool/    what Usher knows
secrets/                  encryption keys and the command line's key, generated once
run/                      how to reach the running copy; removed by a clean stop, except for the lock
logs/                     of the two embedded servers
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from shared.errors import PermanentError
from shared.schemas.secret import Secret

ENCRYPTION_KEYS: Final = "encryption_keys"
LOCAL_API_KEY: Final = "local_api_key"
DATABASE_URL: Final = "database_url"
NATS_URL: Final = "nats_url"
ADDRESS: Final = "address"

_PRIVATE: Final = 0o700


class FolderError(PermanentError):
    """The data folder cannot be used."""


class BusyFolderError(FolderError):
    """Another copy of Usher uses it."""


class Folder:
    """A data folder, by its absolute path; nothing is created before `make`."""

    def __init__(self, path: str) -> None:
        self.path: Final = Path(path).resolve()
        self.postgres: Final = self.path / "postgres"
        self.nats: Final = self.path / "nats"
        self.spool: Final = self.path / "spool"
        self.secrets: Final = self.path / "secrets"
        self.run: Final = self.path / "run"
        self.logs: Final = self.path / "logs"

    def make(self) -> None:
        """Create what is missing, and close to others what they must not see. Raises `FolderError`."""
        with translate_errors(self.path):
            self.path.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
            for folder in (self.spool, self.secrets, self.run, self.logs):
                folder.mkdir(exist_ok=True)
                folder.chmod(_PRIVATE)

    def lock(self) -> int:
        """Return an open file that locks out other copies while it is open.

        Raises `BusyFolderError` if another copy has it, or `FolderError`.
        """
        with translate_errors(self.path):
            descriptor = os.open(self.run / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 32).decode(errors="replace").strip()
            os.close(descriptor)
            raise BusyFolderError(f"Usher already runs on {self.path} (process {holder or 'unknown'})") from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        return descriptor

    def keep(self, name: str, make: Callable[[], Secret]) -> Path:
        """Return the file of a secret that is generated once. Raises `FolderError`."""
        path = self.secrets / name
        with translate_errors(path):
            if not path.exists():
                _write(path, make().reveal())
        return path

    def encryption_keys(self, configured: Secret) -> Secret:
        """Return the keys to use: the configured ones, then the folder's own, which open what they have sealed.

        So a variable that appears later (`make up` writes one into `.env`) does not lock out what is stored here.
        """
        kept = self.secret(ENCRYPTION_KEYS)
        return _add_kept_keys(configured, kept) if configured and kept else configured or kept

    def publish(self, name: str, text: str) -> Path:
        """Write a fact about the running copy to a file, for other processes on this host; return the file."""
        path = self.run / name
        with translate_errors(path):
            _write(path, text)
        return path

    def read_published(self, name: str) -> str:
        """Return a fact about the running copy; empty if none runs, or if it may not be read."""
        return _read(self.run / name)

    def secret(self, name: str) -> Secret:
        """Return a generated secret; empty if there is none, or if it may not be read."""
        return Secret(_read(self.secrets / name))


def _add_kept_keys(configured: Secret, kept: Secret) -> Secret:
    """Return the configured keys, then those kept keys whose ids they lack."""
    ids = {entry.partition(":")[0].strip() for entry in configured.reveal().split(",")}
    older = [entry for entry in kept.reveal().split(",") if entry and entry.partition(":")[0].strip() not in ids]
    return Secret(",".join([configured.reveal(), *older]))


def _write(path: Path, text: str) -> None:
    """Write all or nothing, for the owner only, and sync it before anything depends on it."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"{text}\n")
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


@contextmanager
def translate_errors(path: Path) -> Iterator[None]:
    """Turn errors of the file system in the data folder into `FolderError`."""
    try:
        yield
    except OSError as exc:
        reason = f"{exc.filename or path}: {exc.strerror}"
        raise FolderError(f"the data folder cannot be used ({reason}): see USHER_DATA_DIR, and who owns it") from exc
