"""How fast Discord is answered: at a steady rate with NATS up and frozen, and at full speed, beside a bare route.

The interactions are signed in advance, with the time at which they are due. Only the gateway, NATS and Postgres run.
"""

import statistics
import tempfile
from pathlib import Path

import uvloop

from bench.figures import Figure, at_least, at_most, plain
from bench.gateways import TURN_S, TURNS, Servers, at_rate, floor, gateway, middle, servers, throughput
from simulators.discord.interactions import DiscordApp, Person
from simulators.load import Answer
from simulators.senders import Post

RATE = 200.0
PATH = "/discord/interactions"
ENVELOPE_BYTES = 2200
ANNA = Person(id="80351110224678912", name="anna", guild_id="197038439483310086", roles=("41771983423143936",))


class Sender:
    """Sends as Discord does, with a new id for each interaction."""

    def __init__(self) -> None:
        self.app = DiscordApp()
        self._next_id = int(self.app.snowflake())

    def posts(self, count: int) -> list[Post]:
        return [self._post() for _ in range(count)]

    def _post(self) -> Post:
        self._next_id += 1
        headers, body = self.app.signed({**self.app.command(ANNA, "whoami"), "id": str(self._next_id)})
        return Post(headers, body)


def run() -> list[Figure]:
    """Measure all."""
    sender = Sender()
    with (
        tempfile.TemporaryDirectory(prefix="usher-bench-") as name,
        servers(Path(name)) as running,
        gateway(Path(name), running, DISCORD_PUBLIC_KEY=sender.app.public_key) as port,
        floor(running.bus, ENVELOPE_BYTES) as floor_port,
    ):
        return uvloop.run(_measure(sender, running, port=port, floor_port=floor_port))


async def _measure(sender: Sender, running: Servers, *, port: int, floor_port: int) -> list[Figure]:
    ours, floors = [], []
    for _ in range(TURNS):
        posts = sender.posts(4000)
        floors.append(await throughput(floor_port, "/floor", posts, accepted=202))
        ours.append(await throughput(port, PATH, posts, accepted=200))
    steady = [await _round(sender, port) for _ in range(TURNS)]
    running.nats.freeze()
    frozen = [await _round(sender, port) for _ in range(TURNS)]
    running.nats.thaw()
    ratio = statistics.median(mine / bare for mine, bare in zip(ours, floors, strict=True))
    return [
        plain("discord: answered", statistics.median(ours), "/s"),
        plain("discord: floor", statistics.median(floors), "/s"),
        at_least("discord: ratio to the floor", ratio, "", 0.6),
        plain("discord: p50 at 200/s", middle(steady, 0.5), "ms"),
        at_most("discord: p99 at 200/s", middle(steady, 0.99), "ms", 50),
        plain("discord: p50 at 200/s, NATS frozen", middle(frozen, 0.5), "ms"),
        at_most("discord: p99 at 200/s, NATS frozen", middle(frozen, 0.99), "ms", 300),
    ]


async def _round(sender: Sender, port: int) -> list[Answer]:
    answers = await at_rate(port, PATH, sender.posts(int(RATE * TURN_S)), RATE)
    refused = [answer.status for answer in answers if answer.status != 200]
    if refused:
        raise AssertionError(f"{PATH} answered {refused[0]}")
    return answers
