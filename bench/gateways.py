"""What the gateway's benchmarks share: servers, a gateway, the floor beside it, and ways to load them."""

import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.embedded.nats import EmbeddedNats
from cli.embedded.postgres import EmbeddedPostgres
from cli.embedded.program import free_port
from shared.keyring import new_key
from shared.schemas.secret import Secret
from simulators.load import Answer, Client, percentile, send_at
from simulators.senders import Post
from tests.integration.servers import Running, wait_for_nats, wait_for_postgres

SENDERS = 32
CONNECTIONS = 64
TURN_S = 4.0
TURNS = 3
WEBHOOK_SECRET = "webhook-" + "s" * 43


class Servers:
    """A running PostgreSQL and nats-server."""

    def __init__(self, folder: Path) -> None:
        postgres = EmbeddedPostgres(folder / "postgres", port=free_port())
        bus = EmbeddedNats(folder / "nats", port=free_port())
        postgres.prepare()
        bus.prepare()
        self.database, self.bus = postgres.url, bus.url
        self.postgres = Running(postgres.program, folder / "postgres.log")
        self.nats = Running(bus.program, folder / "nats.log")
        wait_for_postgres(self.database)
        wait_for_nats(self.bus)

    def stop(self) -> None:
        self.postgres.stop()
        self.nats.stop()


@contextmanager
def servers(folder: Path) -> Iterator[Servers]:
    running = Servers(folder)
    try:
        yield running
    finally:
        running.stop()


async def throughput(port: int, path: str, posts: list[Post], *, accepted: int) -> float:
    """Return the answers per second when each sender sends as fast as it is answered."""
    client = Client("127.0.0.1", port)
    until = time.perf_counter() + TURN_S
    done = 0

    async def send(first: int) -> None:
        nonlocal done
        number = first
        while time.perf_counter() < until:
            status, _ = await client.post(path, posts[number % len(posts)])
            if status != accepted:
                raise AssertionError(f"{path} answered {status}")
            number += SENDERS
            done += 1

    began = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for first in range(SENDERS):
            tasks.create_task(send(first))
    client.close()
    return done / (time.perf_counter() - began)


async def at_rate(port: int, path: str, posts: list[Post], rate: float) -> list[Answer]:
    """Send at fixed times, over connections that are already open."""
    client = Client("127.0.0.1", port)
    await client.open(CONNECTIONS)
    answers = await send_at(rate, client, path, posts)
    client.close()
    return answers


def middle(turns: list[list[Answer]], share: float) -> float:
    """Return the median over all rounds of one percentile of the latencies, in milliseconds."""
    return statistics.median(percentile([each.latency_s for each in turn], share) for turn in turns) * 1000


@contextmanager
def gateway(folder: Path, running: Servers, **more: str) -> Iterator[int]:
    port = free_port()
    settings = {
        "DATABASE_URL": running.database.reveal(),
        "NATS_URL": running.bus.reveal(),
        "USHER_PORT": str(port),
        "USHER_DATA_DIR": str(folder / "data"),
        "USHER_ENCRYPTION_KEYS": new_key("bench").reveal(),
        "USHER_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "USHER_ADMIN_PASSWORD": "a long enough password",
        "USHER_API_KEY": "usha_" + "k" * 43,
        "LOG_LEVEL": "WARNING",
        **more,
    }
    with _process([sys.executable, "-m", "services.gateway"], settings, port, path="/ready"):
        yield port


@contextmanager
def floor(bus: Secret, envelope_bytes: int) -> Iterator[int]:
    port = free_port()
    command = [sys.executable, "-m", "bench.floor", str(port), bus.reveal(), str(envelope_bytes)]
    with _process(command, {}, port, path="/floor"):
        yield port


@contextmanager
def _process(command: list[str], settings: dict[str, str], port: int, *, path: str) -> Iterator[None]:
    environment = {**os.environ, **settings}  # noqa: TID251 (the benchmark's own environment, handed on)
    process = subprocess.Popen(command, env=environment)
    try:
        asyncio.run(_until_answered(port, path))
        yield
    finally:
        process.terminate()
        process.wait(15)


async def _until_answered(port: int, path: str) -> None:
    async with asyncio.timeout(30):
        while True:
            client = Client("127.0.0.1", port)
            status, _ = await client.post(path, Post({}, b"{}"))
            client.close()
            if status:
                return await asyncio.sleep(2)
            await asyncio.sleep(0.1)
