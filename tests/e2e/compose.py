"""All of compose with its own name, port and secrets, so that it disturbs nothing else on this machine."""

import json
import secrets
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import dotenv
import httpx

from cli.embedded.program import free_port

ROOT = Path(__file__).parents[2]
SERVICES = ("gateway", "linker", "syncer", "requester")
T = TypeVar("T")


def why_not() -> str | None:
    """Return what is missing for compose to run here."""
    for command, missing in (
        (("docker", "compose", "version"), "no Docker with Compose v2"),
        (("docker", "info"), "no Docker engine answers"),
    ):
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=20)
        except (OSError, subprocess.SubprocessError):
            return missing
    return None


class Compose:
    """One project of compose.yaml."""

    def __init__(self, folder: Path) -> None:
        self.project = f"usher-test-{secrets.token_hex(4)}"
        self.image = f"usher:{self.project}"
        self._env = folder / ".env"
        subprocess.run([ROOT / "deploy" / "make-env", self._env], check=True, capture_output=True)
        with self._env.open("a", encoding="utf-8") as file:
            file.write(f"USHER_PORT={free_port()}\nUSHER_IMAGE={self.image}\n")
        self.settings = {name: value or "" for name, value in dotenv.dotenv_values(self._env).items()}

    def run(self, *arguments: str, timeout: float = 180) -> str:
        """Run `docker compose`; return what it printed. Fails with all of its output."""
        command = ["docker", "compose", "--project-name", self.project, "--env-file", str(self._env), *arguments]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=timeout)
        assert done.returncode == 0, f"{' '.join(arguments)}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def up(self, *arguments: str) -> None:
        """Start what is not running and wait until it is healthy. Fails with the last lines of the logs."""
        try:
            self.run("up", "--detach", "--no-recreate", "--wait", "--wait-timeout", "150", *arguments)
        except AssertionError as exc:
            raise AssertionError(f"{exc}\n{self.run('logs', '--no-color', '--tail', '40')}") from None

    def fails(self, service: str, *command: str) -> bool:
        """Run a command in a service's container; tell whether it failed."""
        try:
            self.run("exec", "--no-TTY", service, *command)
        except AssertionError:
            return True
        return False

    def inspect(self, service: str) -> list[dict[str, Any]]:
        """Return the engine's information on each container of a service."""
        ids = self.run("ps", "--all", "--quiet", service).split()
        found = subprocess.run(["docker", "inspect", *ids], capture_output=True, check=True).stdout
        containers: list[dict[str, Any]] = json.loads(found)
        return containers

    def remove(self) -> None:
        """Remove the containers, networks, volumes and the image."""
        self.run("down", "--volumes", "--remove-orphans", "--timeout", "20")
        subprocess.run(["docker", "image", "rm", self.image], capture_output=True, check=False)

    def client(self) -> httpx.Client:
        """Return a client of the gateway with the API key in .env."""
        host = f"http://127.0.0.1:{self.settings['USHER_PORT']}"
        return httpx.Client(base_url=host, headers={"X-API-Key": self.settings["USHER_API_KEY"]}, timeout=10)


def eventually(look: Callable[[], T], *, is_it: Callable[[T], bool], within: float = 60) -> T:
    """Repeat until the result is as wanted or time is up; return the last result."""
    deadline = time.monotonic() + within
    while not is_it(seen := look()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return seen
