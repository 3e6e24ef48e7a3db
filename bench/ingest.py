"""How many webhooks a second the gateway stores, as a ratio to the bare route in the same run, a turn each in turn.

Only the gateway, NATS and Postgres run, so that the other services' work is not counted; 32 senders post as fast as
they are answered. Then half of that rate, at fixed times, for the latencies: the median of
three turns, because one late write of the disk is more than a hundredth of a turn.
"""

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import nats
import uvloop

from bench.figures import Figure, at_least, at_most, plain
from cli.embedded.nats import EmbeddedNats
from cli.embedded.postgres import EmbeddedPostgres
from cli.embedded.program import free_port
from shared.bus import streams
from shared.keyring import new_key
from shared.schemas.secret import Secret
from simulators.load import Client, percentile, send_at
from simulators.senders import Post, jellyfin_post, jellyfin_stop, plex_post, plex_scrobble
from tests.integration.servers import Running, wait_for_nats, wait_for_postgres
from tests.integration.service import until

SENDERS = 32
CONNECTIONS = 64
TURN_S = 4.0
TURNS = 3
ENVELOPE_BYTES = 2300
_SECRET = "webhook-" + "s" * 43


def run() -> list[Figure]:
    """Measure both senders."""
    figures: list[Figure] = []
    with (
        tempfile.TemporaryDirectory(prefix="usher-bench-") as name,
        _servers(Path(name)) as (database, bus),
        _gateway(Path(name), database, bus) as port,
        _floor(bus) as floor_port,
    ):
        for sender, make in (("plex", _plex), ("jellyfin", _jellyfin)):
            figures += uvloop.run(_measure(sender, make, port=port, floor_port=floor_port, bus=bus))
    return figures


def _plex(number: int) -> Post:
    return plex_post(plex_scrobble(number), with_picture=True)


def _jellyfin(number: int) -> Post:
    return jellyfin_post(jellyfin_stop(number))


async def _measure(
    sender: str, make: Callable[[int], Post], *, port: int, floor_port: int, bus: Secret
) -> list[Figure]:
    posts = [make(number) for number in range(4000)]
    path = f"/webhooks/{sender}?token={_SECRET}"
    ours, floors = [], []
    for _ in range(TURNS):
        floors.append(await _throughput(floor_port, "/floor", posts))
        ours.append(await _throughput(port, path, posts))
    ratio = statistics.median(mine / floor for mine, floor in zip(ours, floors, strict=True))
    rate = statistics.median(ours)
    await _until_logged(bus)
    latencies, floor_latencies = [], []
    for turn in range(TURNS):
        posts = [make((turn + 1) * 100_000 + number) for number in range(int(rate / 2 * TURN_S))]
        floor_latencies.append(await _latencies(floor_port, "/floor", posts, rate / 2))
        latencies.append(await _latencies(port, path, posts, rate / 2))
        await _until_logged(bus)
    return [
        plain(f"{sender}: stored", rate, "/s"),
        plain(f"{sender}: floor", statistics.median(floors), "/s"),
        at_least(f"{sender}: ratio to the floor", ratio, "", 0.85),
        plain(f"{sender}: p50 at half that rate", _middle(latencies, 0.5), "ms"),
        at_most(f"{sender}: p99 at half that rate", _middle(latencies, 0.99), "ms", 25),
        plain(f"{sender}: the floor's p99 at that rate", _middle(floor_latencies, 0.99), "ms"),
    ]


async def _throughput(port: int, path: str, posts: list[Post]) -> float:
    client = Client("127.0.0.1", port)
    until = time.perf_counter() + TURN_S
    done = 0

    async def send(first: int) -> None:
        nonlocal done
        number = first
        while time.perf_counter() < until:
            status, _ = await client.post(path, posts[number % len(posts)])
            if status != 202:
                raise AssertionError(f"{path} answered {status}")
            number += SENDERS
            done += 1

    began = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for first in range(SENDERS):
            tasks.create_task(send(first))
    client.close()
    return done / (time.perf_counter() - began)


async def _until_logged(bus: Secret) -> None:
    """Wait until the event log has caught up with what the turns left behind."""
    client = await nats.connect(bus.reveal())
    spec = streams.GATEWAY_WEBHOOKS

    async def is_idle() -> bool:
        info = await client.jetstream().consumer_info(spec.stream, spec.name)
        return bool(info.num_pending == 0 and info.num_ack_pending == 0)

    await until(is_idle, within_s=120)
    await client.close()


async def _latencies(port: int, path: str, posts: list[Post], rate: float) -> list[float]:
    client = Client("127.0.0.1", port)
    await client.open(CONNECTIONS)
    answers = await send_at(rate, client, path, posts)
    client.close()
    return [answer.latency_s for answer in answers]


def _middle(turns: list[list[float]], share: float) -> float:
    """Return the median over the turns of one percentile, in milliseconds."""
    return statistics.median(percentile(turn, share) for turn in turns) * 1000


@contextmanager
def _servers(folder: Path) -> Iterator[tuple[Secret, Secret]]:
    postgres = EmbeddedPostgres(folder / "postgres", port=free_port())
    bus = EmbeddedNats(folder / "nats", port=free_port())
    postgres.prepare()
    bus.prepare()
    running = [Running(postgres.program, folder / "postgres.log"), Running(bus.program, folder / "nats.log")]
    wait_for_postgres(postgres.url)
    wait_for_nats(bus.url)
    try:
        yield postgres.url, bus.url
    finally:
        for server in running:
            server.stop()


@contextmanager
def _gateway(folder: Path, database: Secret, bus: Secret) -> Iterator[int]:
    port = free_port()
    settings = {
        "DATABASE_URL": database.reveal(),
        "NATS_URL": bus.reveal(),
        "USHER_PORT": str(port),
        "USHER_DATA_DIR": str(folder / "data"),
        "USHER_ENCRYPTION_KEYS": new_key("bench").reveal(),
        "USHER_WEBHOOK_SECRET": _SECRET,
        "USHER_ADMIN_PASSWORD": "a long enough password",
        "USHER_API_KEY": "usha_" + "k" * 43,
        "LOG_LEVEL": "WARNING",
    }
    with _process([sys.executable, "-m", "services.gateway"], settings, port, path="/ready"):
        yield port


@contextmanager
def _floor(bus: Secret) -> Iterator[int]:
    port = free_port()
    command = [sys.executable, "-m", "bench.floor", str(port), bus.reveal(), str(ENVELOPE_BYTES)]
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
