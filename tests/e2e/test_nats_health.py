"""Compose's health check of NATS, in the container that compose makes of it, on a disk that fills up."""

import asyncio
import json
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import nats
import nats.errors
import pytest
import yaml

from cli.embedded.program import free_port
from tests.e2e.compose import ROOT, eventually, why_not

pytestmark = [pytest.mark.container, pytest.mark.timeout(180)]

PASSWORD = "canary-of-the-bus"
SIZE = "96m"


def docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


class Bus:
    """The service `nats` of compose.yaml, with its rights and its health check, on a small disk."""

    def __init__(self) -> None:
        self.name = f"usher-test-{secrets.token_hex(4)}"
        self._port = free_port()
        service = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]["nats"]
        size = ("--opt", "type=tmpfs", "--opt", "device=tmpfs", "--opt", f"o=size={SIZE},uid=10001,gid=10001")
        docker("volume", "create", *size, self.name)
        # Keeps the disk mounted while the server is started again.
        docker("run", "--detach", "--name", f"{self.name}-disk", *self._disk, service["image"], "sleep", "600")
        files = [f"--volume={ROOT}/{each}" for each in service["volumes"][1:]]
        check, *rights = " ".join(service["healthcheck"]["test"][1:]), "--read-only", "--cap-drop=ALL"
        docker(
            *("run", "--detach", "--name", self.name, *self._disk, *files, *rights, f"--user={service['user']}"),
            *(f"--restart={service['restart']}", f"--security-opt={service['security_opt'][0]}"),
            *(f"--env=NATS_PASSWORD={json.dumps(PASSWORD)}", f"--publish=127.0.0.1:{self._port}:4222"),
            *("--health-cmd", check, "--health-interval=1s", "--health-retries=2"),
            *(service["image"], *service["command"]),
        )

    @property
    def _disk(self) -> tuple[str, str]:
        return "--volume", f"{self.name}:/data"

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(docker("inspect", self.name))[0]
        return {"health": found["State"]["Health"]["Status"], "starts": found["RestartCount"]}

    def fill(self) -> None:
        subprocess.run(
            ["docker", "exec", self.name, "sh", "-c", "cat /dev/zero >/data/filler"], check=False, capture_output=True
        )

    def clear(self) -> None:
        docker("exec", self.name, "rm", "/data/filler")

    def store(self, *, most: int) -> int:
        """Publish until one is not acknowledged, and return how many messages the stream has."""
        return asyncio.run(self._store(most))

    async def _store(self, most: int) -> int:
        client = await nats.connect(f"nats://usher:{PASSWORD}@127.0.0.1:{self._port}")
        stream = client.jetstream(timeout=1)
        await stream.add_stream(name="KEPT", subjects=["kept.>"])
        with suppress(nats.errors.TimeoutError):
            for _ in range(most):
                await stream.publish("kept.one", bytes(4000))
        kept = (await stream.stream_info("KEPT")).state.messages
        await client.close()
        return kept

    def remove(self) -> None:
        docker("rm", "--force", self.name, f"{self.name}-disk")
        docker("volume", "rm", self.name)


@pytest.fixture
def bus() -> Iterator[Bus]:
    if reason := why_not():
        pytest.skip(reason)
    bus = Bus()
    try:
        yield bus
    finally:
        bus.remove()


def test_a_server_that_stopped_writing_on_a_full_disk_is_started_again_once_there_is_room(bus: Bus) -> None:
    eventually(bus.state, is_it=lambda seen: seen == {"health": "healthy", "starts": 0})
    before = bus.store(most=5)
    bus.fill()
    stopped_at = bus.store(most=100)
    full = eventually(bus.state, is_it=lambda seen: seen["health"] == "unhealthy")

    bus.clear()
    mended = eventually(bus.state, is_it=lambda seen: seen == {"health": "healthy", "starts": 1})

    assert (before, full) == (5, {"health": "unhealthy", "starts": 0})
    assert mended == {"health": "healthy", "starts": 1}
    assert bus.store(most=5) == stopped_at + 5
