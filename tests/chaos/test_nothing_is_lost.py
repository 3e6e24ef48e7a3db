"""Webhooks at a steady rate while everything is killed and frozen in turn: all acknowledged ones are stored, once."""

import asyncio
import json
import os
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulators.load import Answer, Client, percentile, send_at
from simulators.senders import plex_post, plex_scrobble
from tests.house import WEBHOOK_SECRET, House

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]

WEBHOOKS = int(os.environ.get("USHER_CHAOS_WEBHOOKS", "5000"))  # noqa: TID251 (a switch of the tests)
LEAST_S = 12.5
"""What the kills need, so that each comes when the last one's victim is back; a smaller load is sent more slowly."""
RATE = min(200.0, WEBHOOKS / LEAST_S)
FEWEST = 100
ACCEPTED = 202
SETTLED_WITHIN_S = 120
PATH = f"/webhooks/plex?token={WEBHOOK_SECRET}"


@pytest.fixture
def house() -> Iterator[House]:
    with tempfile.TemporaryDirectory(prefix="usher-chaos-") as name:
        house = House(Path(name) / "data")
        house.start()
        yield house
        house.stop()


class Frozen:
    """When NATS was frozen, in seconds since the load began."""

    began_s = 0.0
    ended_s = 0.0


async def make_trouble(house: House, *, length_s: float, frozen: Frozen) -> None:
    """Kill and freeze parts, spread over the load; wait for parts that are still restarting."""
    began = time.monotonic()

    async def at(share: float) -> None:
        await asyncio.sleep(max(0.0, share * length_s - (time.monotonic() - began)))

    async def hit(part: str, number: signal.Signals) -> None:
        while not any(part in process.command for process in house.processes()):  # noqa: ASYNC110 (it sends no event)
            await asyncio.sleep(0.05)
        house.send(part, number)

    for share, part in ((0.08, "services.gateway"), (0.20, "services.syncer"), (0.32, "services.linker")):
        await at(share)
        await hit(part, signal.SIGKILL)
    await at(0.44)
    await hit("nats-server", signal.SIGKILL)
    await at(0.60)
    await hit("nats-server", signal.SIGSTOP)
    frozen.began_s = time.monotonic() - began
    await at(0.80)
    house.send("nats-server", signal.SIGCONT)
    frozen.ended_s = time.monotonic() - began
    await at(0.84)
    await hit("postgres", signal.SIGINT)
    await at(0.94)
    await asyncio.to_thread(house.kill_all)
    await asyncio.to_thread(house.start)


async def load(house: House, frozen: Frozen) -> list[Answer]:
    posts = [plex_post(plex_scrobble(number, account=1 + number % 7), with_picture=False) for number in range(WEBHOOKS)]
    client = Client("127.0.0.1", house.port)
    async with asyncio.TaskGroup() as tasks:
        sending = tasks.create_task(send_at(RATE, client, PATH, posts))
        tasks.create_task(make_trouble(house, length_s=WEBHOOKS / RATE, frozen=frozen))
    client.close()
    return sending.result()


def settle(house: House, taken: set[str]) -> dict[str, str]:
    """Wait until all accepted webhooks are handled, or for longer than that may take, and return all events.

    Messages of a killed process are delivered again after the consumers' acknowledgement time of 30 s.
    """
    deadline = time.monotonic() + SETTLED_WITHIN_S
    while True:
        events = {event["id"]: event["status"] for event in house.pages("/api/events")}
        is_settled = taken <= set(events) and set(events.values()) == {"handled"}
        if (is_settled and not house.get("/api/health")["spool"]["records"]) or time.monotonic() > deadline:
            return events
        time.sleep(1)


def test_every_webhook_that_was_taken_is_one_event_and_one_play(house: House) -> None:
    assert WEBHOOKS >= FEWEST, f"USHER_CHAOS_WEBHOOKS is {WEBHOOKS}: fewer than {FEWEST} say nothing of the kills"
    frozen = Frozen()

    answers = asyncio.run(load(house, frozen))
    taken = {json.loads(answer.body)["id"] for answer in answers if answer.status == ACCEPTED}
    began = time.monotonic()
    events = settle(house, taken)

    settled_s = time.monotonic() - began
    unknown = sum(answer.status == 0 for answer in answers)
    plays = Counter(play["title"] for play in house.pages("/api/history"))
    during = [
        answer.latency_s
        for answer in answers
        if answer.status == ACCEPTED and frozen.began_s <= answer.number / RATE < frozen.ended_s - 0.3
    ]
    print(
        f"\n{len(answers)} sent, {len(taken)} taken, {unknown} not answered, {len(events)} events, {len(plays)} plays"
    )
    print(f"settled after {settled_s:.0f} s")
    print(f"answers while NATS stood still: {len(during)}, p99 {percentile(during, 0.99) * 1000:.0f} ms")

    assert taken - set(events) == set()
    assert Counter(events[one] for one in taken) == {"handled": len(taken)}
    assert len(events) - len(taken) <= unknown
    assert max(plays.values()) == 1
    wanted = {f"Simulated movie {answer.number}" for answer in answers if answer.status == ACCEPTED}
    assert wanted - set(plays) == set()
    assert len(plays) == len(events)
    assert house.get("/api/deadletters")["total"] == 0
    assert len(taken) > len(answers) * 0.4
    assert percentile(during, 0.99) < 0.25
