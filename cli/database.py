"""Usher's database for a command that works on it directly, whether or not Usher runs."""

import asyncio
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import asyncpg

from cli.embedded.postgres import EmbeddedPostgres
from cli.embedded.program import EmbeddedServerError, free_port
from cli.errors import BadUsageError
from cli.folder import DATABASE_URL, BusyFolderError, Folder, translate_errors
from cli.settings import RunSettings
from cli.supervisor.program import describe_exit
from shared.schemas.secret import Secret

_TRIED_FOR_S: Final = 15.0
_LOOK_EVERY_S: Final = 0.1
_ANSWERS_WITHIN_S: Final = 5.0


@contextmanager
def borrow_database(config: RunSettings) -> Iterator[Secret]:
    """Lend the address of the database. Where Usher does not run, the embedded one runs until the block ends.

    Raises `FolderError`, `EmbeddedServerError` or `BadUsageError`.
    """
    if config.database_url:
        yield config.database_url
        return
    folder = Folder(config.usher_data_dir)
    try:
        lock = folder.lock()
    except BusyFolderError:
        yield _published_url(folder)
        return
    try:
        with _embedded_database(folder) as url:
            yield url
    finally:
        os.close(lock)


def _published_url(folder: Folder) -> Secret:
    url = folder.read_published(DATABASE_URL)
    if not url:
        raise BadUsageError(
            f"Usher runs on {folder.path} with another database, or is only starting: set DATABASE_URL, or try again"
        )
    return Secret(url)


@contextmanager
def _embedded_database(folder: Folder) -> Iterator[Secret]:
    postgres = EmbeddedPostgres(folder.postgres, port=free_port())
    if not postgres.is_made:
        raise BadUsageError(f"there is no database in {folder.path}: set USHER_DATA_DIR or DATABASE_URL")
    postgres.prepare()
    with translate_errors(folder.path):
        url = postgres.url
        process = _start(postgres, url, folder.logs / "postgres.log")
    try:
        yield url
    finally:
        process.send_signal(postgres.program.stop_signal)
        process.wait()  # however slow the disk is: the lock must outlast it


def _start(postgres: EmbeddedPostgres, url: Secret, log: Path) -> subprocess.Popen[bytes]:
    """Return the server once it answers. Raises `EmbeddedServerError`.

    One that ends is started again for a while: what remains of a killed server may hold its memory for a moment.
    """
    ends_at = time.monotonic() + _TRIED_FOR_S
    while True:
        with log.open("ab") as output:
            process = postgres.program.start(output, dies_with_parent=True)
        status = _status_of_start(process, url)
        if status is None:
            return process
        if time.monotonic() > ends_at:
            raise EmbeddedServerError(f"PostgreSQL ended with {describe_exit(status)}: see {log}")


def _status_of_start(process: subprocess.Popen[bytes], url: Secret) -> int | None:
    """Wait until a server answers; return its status where it ends instead."""
    while process.poll() is None:
        if asyncio.run(_answers(url)):
            return None
        time.sleep(_LOOK_EVERY_S)
    return process.returncode


async def _answers(url: Secret) -> bool:
    try:
        connection = await asyncpg.connect(url.reveal(), timeout=_ANSWERS_WITHIN_S)
    except (OSError, TimeoutError, asyncpg.CannotConnectNowError):
        return False
    except asyncpg.PostgresError as exc:
        raise EmbeddedServerError(f"PostgreSQL refuses connections ({type(exc).__name__})") from exc
    await connection.close()
    return True
