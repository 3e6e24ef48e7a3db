"""`usher run` for the demo: with its own data folder and port, and without this machine's settings."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import httpx

from cli.settings import KINDS
from cli.supervisor.program import Program
from shared import settings

READY_WITHIN_S: Final = 60.0
STOP_WITHIN_S: Final = 15.0
_HANDED_ON: Final = ("LOG_LEVEL", "LOG_FORMAT")
_REPOSITORY: Final = Path(__file__).parents[2]


class DownError(Exception):
    """Usher ended, or did not start."""


class Usher:
    """One run, which ends with this process, however that ends."""

    def __init__(self, folder: Path, *, port: int, variables: Mapping[str, str], key: str) -> None:
        self.url: Final = f"http://127.0.0.1:{port}"
        self._variables = {**variables, "USHER_PORT": str(port), "USHER_DATA_DIR": str(folder)}
        self._key = key
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it in its own session, so that Ctrl-C at the terminal reaches it once, through us."""
        program = Program(
            name="usher",
            arguments=(sys.executable, "-m", "cli", "run"),
            death_signal=signal.SIGTERM,
            environment=_environment(self._variables),
            inherits=False,
        )
        self._process = program.start(dies_with_parent=True)

    async def ready(self) -> None:
        """Wait until all services answer; raises `DownError` if they do not."""
        async with httpx.AsyncClient(timeout=3, trust_env=False) as http:
            try:
                async with asyncio.timeout(READY_WITHIN_S):
                    while not await self._is_ready(http):
                        self._check()
                        await asyncio.sleep(0.1)
            except TimeoutError as exc:
                raise DownError(f"Usher is not ready after {READY_WITHIN_S:g} s") from exc

    async def _is_ready(self, http: httpx.AsyncClient) -> bool:
        try:
            answer = await http.get(f"{self.url}/api/health", headers={"X-API-Key": self._key})
        except httpx.HTTPError:
            return False
        return answer.status_code == httpx.codes.OK and bool(answer.json()["status"] == "ok")

    async def watch(self) -> None:
        """Raise `DownError` when it ends."""
        while True:
            self._check()
            await asyncio.sleep(0.5)

    def _check(self) -> None:
        status = None if self._process is None else self._process.poll()
        if status is not None:
            raise DownError(f"Usher ended with status {status}")

    async def stop(self) -> None:
        """Stop it as Ctrl-C does, and kill it if that takes too long."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGINT)
        for _ in range(int(STOP_WITHIN_S * 20)):
            if process.poll() is not None:
                return
            await asyncio.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Return this environment without Usher's settings: the demo must not touch real systems."""
    known = {name for name in settings.describe_variables(KINDS) if name not in _HANDED_ON}
    inherited = {
        name: value
        for name, value in os.environ.items()  # noqa: TID251 (handed on)
        if name.removesuffix("_FILE") not in known
    }
    return {**inherited, "PYTHONPATH": str(_REPOSITORY), **variables}
