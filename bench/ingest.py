"""How many webhooks a second the gateway stores, as a ratio to the bare route, in alternating rounds of one run.

Only the gateway, NATS and Postgres run, so that the other services' work is not counted; 32 senders post as fast as
they are answered. Latencies are measured at half of that rate, at fixed times: the median of seven rounds, because one
pause of the machine is more than a hundredth of a round, for the floor too.
"""

import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

import nats
import uvloop

from bench.figures import Figure, at_least, at_most, plain
from bench.gateways import TURN_S, TURNS, WEBHOOK_SECRET, at_rate, floor, gateway, middle, servers, throughput
from shared.bus import streams
from shared.schemas.secret import Secret
from simulators.senders import Post, jellyfin_post, jellyfin_stop, plex_post, plex_scrobble
from tests.integration.service import until

ENVELOPE_BYTES = 2300
RATE_TURNS = 7


def run() -> list[Figure]:
    """Measure both senders."""
    figures: list[Figure] = []
    with (
        tempfile.TemporaryDirectory(prefix="usher-bench-") as name,
        servers(Path(name)) as running,
        gateway(Path(name), running) as port,
        floor(running.bus, ENVELOPE_BYTES) as floor_port,
    ):
        for sender, make in (("plex", _plex), ("jellyfin", _jellyfin)):
            figures += uvloop.run(_measure(sender, make, port=port, floor_port=floor_port, bus=running.bus))
    return figures


def _plex(number: int) -> Post:
    return plex_post(plex_scrobble(number), with_picture=True)


def _jellyfin(number: int) -> Post:
    return jellyfin_post(jellyfin_stop(number))


async def _measure(
    sender: str, make: Callable[[int], Post], *, port: int, floor_port: int, bus: Secret
) -> list[Figure]:
    posts = [make(number) for number in range(4000)]
    path = f"/webhooks/{sender}?token={WEBHOOK_SECRET}"
    ours, floors = [], []
    for _ in range(TURNS):
        floors.append(await throughput(floor_port, "/floor", posts, accepted=202))
        ours.append(await throughput(port, path, posts, accepted=202))
    ratio = statistics.median(mine / floor for mine, floor in zip(ours, floors, strict=True))
    rate = statistics.median(ours)
    await _until_logged(bus)
    latencies, floor_latencies = [], []
    for turn in range(RATE_TURNS):
        posts = [make((turn + 1) * 100_000 + number) for number in range(int(rate / 2 * TURN_S))]
        floor_latencies.append(await at_rate(floor_port, "/floor", posts, rate / 2))
        latencies.append(await at_rate(port, path, posts, rate / 2))
        await _until_logged(bus)
    return [
        plain(f"{sender}: stored", rate, "/s"),
        plain(f"{sender}: floor", statistics.median(floors), "/s"),
        at_least(f"{sender}: ratio to the floor", ratio, "", 0.85),
        plain(f"{sender}: p50 at half that rate", middle(latencies, 0.5), "ms"),
        at_most(f"{sender}: p99 at half that rate", middle(latencies, 0.99), "ms", 25),
        plain(f"{sender}: the floor's p99 at that rate", middle(floor_latencies, 0.99), "ms"),
    ]


async def _until_logged(bus: Secret) -> None:
    """Wait until the event log has caught up with the rounds."""
    client = await nats.connect(bus.reveal())
    spec = streams.GATEWAY_WEBHOOKS

    async def is_idle() -> bool:
        info = await client.jetstream().consumer_info(spec.stream, spec.name)
        return bool(info.num_pending == 0 and info.num_ack_pending == 0)

    await until(is_idle, within_s=120)
    await client.close()
