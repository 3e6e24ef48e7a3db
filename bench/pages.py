"""The dashboard with 100,000 plays and 10,000 accounts: how long pages take, what they weigh, what open tabs cost.

Times are those of a client on the same machine, which is more than the server alone.
"""

import asyncio
import gzip
import itertools
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import asyncpg
import httpx

from bench.figures import Figure, at_most, plain
from bench.footprint import pss_mib
from services.gateway.access.session_cookie import NAME
from services.gateway.dashboard.assets import digests
from services.gateway.dashboard.navigation import ENTRIES
from services.gateway.dashboard.pages.setup import LEFT_COOKIE
from simulators.load import Client, percentile, send_at
from simulators.senders import plex_post, plex_scrobble
from tests.house import PASSWORD, WEBHOOK_SECRET, House

VIEWS: Final = 50
TABS: Final = 100
RATES: Final = (10.0, 100.0)
SENDING_S: Final = 6.0
NUMBERS: Final = itertools.count(700_000)
ACCEPTED: Final = 202
PERSON: Final = "00000000-0000-4000-8000-000000000001"
MORE: Final = (
    "/people?search=person+77",
    "/people/unclaimed",
    f"/people/{PERSON}",
    f"/history?person={PERSON}",
    "/history?offset=50000",
)
FILL: Final = Path(__file__).with_name("pages.sql")


def run() -> list[Figure]:
    """Measure on a complete Usher with full tables."""
    with tempfile.TemporaryDirectory(prefix="usher-bench-") as name:
        house = House(Path(name) / "data")
        house.start()
        try:
            return asyncio.run(_measure(house))
        finally:
            house.stop()


async def _measure(house: House) -> list[Figure]:
    connection = await asyncpg.connect((house.folder / "run" / "database_url").read_text(encoding="utf-8").strip())
    await connection.execute(FILL.read_text(encoding="utf-8"))
    await connection.execute("vacuum analyze")
    await connection.close()
    async with httpx.AsyncClient(base_url=house.url, timeout=30, trust_env=False, follow_redirects=True) as http:
        answer = await http.post("/api/auth/login", json={"username": "admin", "password": PASSWORD})
        http.cookies.set(NAME, answer.json()["token"])
        http.cookies.set(LEFT_COOKIE, "yes")  # the overview, not the guide
        figures = [each for path in _paths() for each in await _page(http, path)]
        return [*figures, *await _static(http), *await _tabs(house, http)]


def _paths() -> list[str]:
    return [*(entry.path for entry in ENTRIES), *MORE]


async def _page(http: httpx.AsyncClient, path: str) -> list[Figure]:
    name, times, size = path.replace(PERSON, "ID"), list[float](), 0
    for _ in range(VIEWS):
        began = time.perf_counter()
        answer = await http.get(path)
        times.append(time.perf_counter() - began)
        if answer.status_code != httpx.codes.OK or answer.url.path == "/login":
            raise AssertionError(f"{path} answered {answer.status_code} at {answer.url}")
        size = max(size, len(answer.content))
    return [
        at_most(f"page {name}: p95", percentile(times, 0.95) * 1000, "ms", 60),
        at_most(f"page {name}: HTML", size / 1000, "kB", 100),
    ]


async def _static(http: httpx.AsyncClient) -> list[Figure]:
    sizes = []
    for name, digest in digests().items():
        answer = await http.get(f"/assets/{digest}/{name}")
        answer.raise_for_status()
        sizes.append(len(gzip.compress(answer.content)))
    return [at_most("static files, compressed, together", sum(sizes) / 1000, "kB", 100)]


async def _tabs(house: House, http: httpx.AsyncClient) -> list[Figure]:
    gateway = house.pid_of("services.gateway")
    before = pss_mib(gateway)
    async with _open_tabs(house.port, http):
        idle = pss_mib(gateway)
        beside = [await _ingest(house.port, rate, f"with {TABS} tabs") for rate in RATES]
        busy = pss_mib(gateway)
    alone = [await _ingest(house.port, rate, "without tabs") for rate in RATES]
    return [
        at_most(f"{TABS} open tabs: memory of the gateway", idle - before, "MiB", 50),
        at_most(f"{TABS} open tabs: memory after webhooks", busy - before, "MiB", 50),
        *(figure for figures in (*alone, *beside) for figure in figures),
    ]


@asynccontextmanager
async def _open_tabs(port: int, http: httpx.AsyncClient) -> AsyncIterator[None]:
    """Keep event streams open from another process, which reads what comes."""
    cookie = f"{NAME}={http.cookies[NAME]}"
    command = [sys.executable, "-m", "bench.tabs", str(port), cookie, str(TABS)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        if process.stdout is None or await process.stdout.readline() != b"open\n":
            raise AssertionError("the tabs did not open")
        yield
    finally:
        process.kill()
        await process.wait()


async def _ingest(port: int, rate: float, when: str) -> list[Figure]:
    posts = [plex_post(plex_scrobble(next(NUMBERS)), with_picture=False) for _ in range(int(rate * SENDING_S))]
    client = Client("127.0.0.1", port)
    answers = await send_at(rate, client, f"/webhooks/plex?token={WEBHOOK_SECRET}", posts)
    client.close()
    if any(answer.status != ACCEPTED for answer in answers):
        raise AssertionError("a webhook was refused")
    latencies = [answer.latency_s * 1000 for answer in answers]
    return [
        plain(f"webhooks at {rate:g}/s {when}: {name}", percentile(latencies, share), "ms")
        for name, share in (("p50", 0.5), ("p99", 0.99))
    ]
