"""The time from webhook to stored play at 100 a second, with everything running.

A play counts as stored when its event arrives, which is published after the transaction's commit. So the time includes
the way through the outbox and back, and is an upper bound.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import nats

from bench.figures import Figure, at_most, plain
from shared.schemas.events import PlayRecorded
from simulators.load import Client, percentile, send_at
from simulators.senders import plex_post, plex_scrobble
from tests.house import WEBHOOK_SECRET, House
from tests.integration.service import until

RATE = 100.0
LENGTH_S = 20
FIRST = 500_000
ACCEPTED = 202


def run(house: House) -> list[Figure]:
    """Measure on a complete, running Usher."""
    return asyncio.run(_measure(house))


async def _measure(house: House) -> list[Figure]:
    arrived: dict[str, float] = {}
    listener = await nats.connect((house.folder / "run" / "nats_url").read_text(encoding="utf-8").strip())
    await listener.subscribe("events.play.recorded", cb=_note(arrived))
    await listener.flush()
    posts = [plex_post(plex_scrobble(FIRST + number), with_picture=True) for number in range(int(RATE * LENGTH_S))]
    client = Client("127.0.0.1", house.port)
    began = time.perf_counter()
    answers = await send_at(RATE, client, f"/webhooks/plex?token={WEBHOOK_SECRET}", posts)
    client.close()
    assert all(answer.status == ACCEPTED for answer in answers)
    await until(lambda: len(arrived) == len(posts), within_s=30)
    await listener.close()
    delays = [
        arrived[f"Simulated movie {FIRST + answer.number}"] - (began + answer.number / RATE) for answer in answers
    ]
    return [
        plain("webhook to play: measured", len(delays), "plays"),
        at_most("webhook to play: p50 at 100/s", percentile(delays, 0.5) * 1000, "ms", 15),
        at_most("webhook to play: p99 at 100/s", percentile(delays, 0.99) * 1000, "ms", 150),
    ]


def _note(arrived: dict[str, float]) -> Callable[[Any], Awaitable[None]]:
    async def note(message: Any) -> None:
        arrived[msgspec.json.decode(message.data, type=PlayRecorded).title.title] = time.perf_counter()

    return note
