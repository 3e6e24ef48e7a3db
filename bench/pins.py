"""A thousand open PINs polled by one linker: whether it stays within plex.tv's limits, and in how much memory.

plex.tv publishes no limits, but was seen to refuse ten calls a second from one client; so the stand-in refuses them
with 429. Each sign-in has two PINs, a long and a short one, and each needs its own calls. The stand-in runs in this
process, the linker in its own.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from bench.figures import Figure, at_least, at_most, plain
from bench.gateways import Servers, servers
from services.linker.signins.domain import Asker, SignInRow
from services.linker.signins.intervals import INTERVALS
from services.linker.signins.store import sign_ins
from shared.bus.connection import Bus, connect
from shared.bus.questions import ask
from shared.keyring import new_key
from shared.postgres import pool as postgres
from shared.postgres.pool import transaction
from shared.runtime import bring_up_to_date
from shared.schemas.signins import CheckSignIn
from simulators.asgi import Request, Response
from simulators.determinism import Clock, Ids
from simulators.load import percentile
from simulators.plex_tv.app import PlexTv
from simulators.plex_tv.pins import Pin
from simulators.serving import serving
from tests.integration.service import until

OPEN = 1_000
WINDOW_S = 60.0
CLAIMED = 10
SETTLED_S = 5.0
PLEX_TV_REFUSES = 10
"""Calls per second from one client."""
CLIENT_ID = "usher-bench"


class Counting(PlexTv):
    """plex.tv, recording when it is called."""

    def __init__(self) -> None:
        super().__init__(clock=Clock(), ids=Ids("bench"), per_second=PLEX_TV_REFUSES - 1)
        self.calls: list[tuple[float, str]] = []
        self.refused = 0

    async def serve(self, request: Request) -> Response:
        self.calls.append((time.monotonic(), request.path))
        response = await super().serve(request)
        self.refused += response.status == 429
        return response


class Outcome:
    """What one run measured."""

    def __init__(self, plex_tv: Counting) -> None:
        self._plex_tv = plex_tv
        self.rss_mib: list[float] = []
        self.noticed_s: list[float] = []

    def figures(self, *, began: float, ended: float) -> list[Figure]:
        calls = [(at, path) for at, path in self._plex_tv.calls if began <= at < ended and "/pins/" in path]
        rate = len(calls) / (ended - began)
        return [
            plain("pins: open at once", OPEN, ""),
            plain("pins: calls to plex.tv", rate, "/s"),
            at_most("pins: most calls in a second", _most_in_a_second([at for at, _ in calls]), "", 9),
            at_most("pins: refused with 429", self._plex_tv.refused, "", 0),
            at_least("pins: least time between two calls for one", _least_gap_s(calls), "s", 1),
            plain("pins: one round of all, at this rate", 2 * OPEN / rate, "s"),
            plain("pins: told after coming back from Plex, median", percentile(self.noticed_s, 0.5), "s"),
            plain("pins: told after coming back from Plex, slowest", max(self.noticed_s), "s"),
            at_most("pins: memory of the linker (RSS)", max(self.rss_mib), "MiB", 60),
        ]


def run() -> list[Figure]:
    """Measure one replica."""
    with tempfile.TemporaryDirectory(prefix="usher-bench-") as name, servers(Path(name)) as running:
        return asyncio.run(_measure(running))


async def _measure(running: Servers) -> list[Figure]:
    plex_tv = Counting()
    outcome = Outcome(plex_tv)
    async with serving(plex_tv) as url, connect(running.bus, name="bench") as bus:
        waiting = await _open_sign_ins(running, plex_tv)
        with _linker(running, url) as process:
            await _until_asked(plex_tv)
            began = time.monotonic()
            async with asyncio.TaskGroup() as tasks:
                watching = tasks.create_task(_watch(process.pid, outcome.rss_mib))
                await _claim(plex_tv, bus, waiting[:: OPEN // CLAIMED], outcome.noticed_s)
                await asyncio.sleep(max(0.0, began + WINDOW_S - time.monotonic()))
                watching.cancel()
            return outcome.figures(began=began, ended=time.monotonic())


async def _open_sign_ins(running: Servers, plex_tv: Counting) -> list[tuple[str, Pin]]:
    """Store a thousand sign-ins that have just begun, each with both PINs."""
    now = datetime.now(UTC)
    made = []
    async with postgres.connect(running.database, schema="linker", size=1) as pool:
        await bring_up_to_date(pool, "linker")
        async with transaction(pool) as connection:
            for number in range(OPEN):
                strong, short = (_pin(plex_tv, is_strong=is_strong) for is_strong in (True, False))
                await sign_ins.add(connection, _row(number, strong, short, now=now))
                made.append((f"bench-{number}", strong))
    return made


def _pin(plex_tv: Counting, *, is_strong: bool) -> Pin:
    return plex_tv.pins.make(client_id=CLIENT_ID, product="Usher", is_strong=is_strong)


def _row(number: int, strong: Pin, short: Pin, *, now: datetime) -> SignInRow:
    return SignInRow(
        id=f"bench-{number}",
        provider="plex",
        server="",
        asker=Asker("discord", str(number), f"person {number}"),
        state="pending",
        code=strong.code,
        short_code=short.code,
        short_until=short.expires_at,
        url="https://app.plex.tv/auth",
        references=tuple(f"{pin.id}@{int(pin.expires_at.timestamp())}" for pin in (strong, short)),
        poll_every=INTERVALS.plex_polls,
        expires_at=strong.expires_at,
        created_at=now,
        wanted_at=now,
    )


async def _claim(plex_tv: Counting, bus: Bus, chosen: list[tuple[str, Pin]], noticed_s: list[float]) -> None:
    """Let some people sign in, one after another; the page that they return to asks at once."""
    for number, (sign_in_id, pin) in enumerate(chosen):
        await asyncio.sleep(SETTLED_S)
        plex_tv.pins.claim(pin.id, plex_tv.accounts.add(f"person{number}"))
        came_back = time.monotonic()
        await _until_authorized(bus, sign_in_id)
        noticed_s.append(time.monotonic() - came_back)


async def _until_authorized(bus: Bus, sign_in_id: str) -> None:
    question = CheckSignIn(pin_id=sign_in_id, provider="plex")

    async def is_known() -> bool:
        return (await ask(bus, question)).status != "pending"

    await until(is_known, within_s=60)


async def _watch(process_id: int, rss_mib: list[float]) -> None:
    while True:
        rss_mib.append(_rss_mib(process_id))
        await asyncio.sleep(0.5)


def _rss_mib(process_id: int) -> float:
    lines = Path(f"/proc/{process_id}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))


async def _until_asked(plex_tv: Counting) -> None:
    await until(lambda: bool(plex_tv.calls), within_s=30)
    await asyncio.sleep(SETTLED_S)


@contextmanager
def _linker(running: Servers, plex_tv_url: str) -> Iterator["subprocess.Popen[bytes]"]:
    settings = {
        "DATABASE_URL": running.database.reveal(),
        "NATS_URL": running.bus.reveal(),
        "USHER_ENCRYPTION_KEYS": new_key("bench").reveal(),
        "PLEX_TV_URL": plex_tv_url,
        "PLEX_CLIENT_ID": CLIENT_ID,
        "LOG_LEVEL": "WARNING",
    }
    environment = {**os.environ, **settings}  # noqa: TID251 (the benchmark's own environment, handed on)
    process = subprocess.Popen([sys.executable, "-m", "services.linker"], env=environment)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(15)


def _most_in_a_second(moments: list[float]) -> int:
    """Return the most calls within any second."""
    first, most = 0, 0
    for last, at in enumerate(moments):
        while at - moments[first] >= 1:
            first += 1
        most = max(most, last - first + 1)
    return most


def _least_gap_s(calls: list[tuple[float, str]]) -> float:
    """Return the shortest time between two calls for one PIN, or the whole window if no PIN was asked for twice."""
    seen: dict[str, float] = {}
    least = WINDOW_S
    for at, path in calls:
        least = min(least, at - seen.get(path, at - WINDOW_S))
        seen[path] = at
    return least
