"""A real PostgreSQL and a real nats-server for tests: from the wheels, in a folder that goes with the session."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
import nats
import nats.errors

from cli.supervisor.program import Program
from shared.schemas.secret import Secret


class Running:
    """A server that a test may kill, freeze and start again."""

    def __init__(self, program: Program, log: Path) -> None:
        self._program = program
        self._log = log
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as output:
            return self._program.start(output)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def start(self) -> None:
        self._process = self._start()

    def freeze(self) -> None:
        """Return once it is frozen: until its main thread stops, the others continue."""
        self._process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self._process.pid, os.WSTOPPED)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        self._process.send_signal(signal.SIGCONT)
        self._process.send_signal(self._program.stop_signal)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()


def wait_for_postgres(url: Secret) -> None:
    async def connect() -> None:
        await (await asyncpg.connect(url.reveal(), timeout=2)).close()

    _until_works(connect, (OSError, asyncpg.PostgresError, TimeoutError))


def wait_for_nats(url: Secret) -> None:
    async def connect() -> None:
        await (
            await nats.connect(url.reveal(), connect_timeout=1, allow_reconnect=False, reconnect_time_wait=0.02)
        ).close()

    _until_works(connect, (OSError, nats.errors.Error))


def _until_works(connect: Callable[[], Awaitable[None]], errors: tuple[type[BaseException], ...]) -> None:
    async def attempt() -> None:
        await connect()

    deadline = time.monotonic() + 20
    while True:
        try:
            asyncio.run(attempt())
        except errors:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def external_postgres() -> Secret | None:
    """An external PostgreSQL (a container): USHER_TEST_DATABASE_URL."""
    value = os.environ.get("USHER_TEST_DATABASE_URL")  # noqa: TID251 (the tests' own switch, not a setting of Usher)
    return Secret(value) if value else None


def external_nats() -> Secret | None:
    """A nats-server of USHER_TEST_NATS_URLS: of several, each of pytest's workers has its own."""
    values = os.environ.get("USHER_TEST_NATS_URLS", "").split()  # noqa: TID251 (the tests' own switch)
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))  # noqa: TID251 (pytest's)
    return Secret(values[worker]) if values else None
