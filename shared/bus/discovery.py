"""Which services are running, and how many replicas of each: the ping of nats.micro, which every replica answers.

https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-32.md
"""

import asyncio
from datetime import timedelta
from typing import Final

import msgspec
import nats.errors
from nats.aio.msg import Msg

from shared.bus.connection import Bus
from shared.errors import UnavailableError

PREFIX: Final = "usher-"
WITHIN: Final = timedelta(milliseconds=300)


class Replica(msgspec.Struct, frozen=True):
    """A process of a service; `name` is without our common prefix."""

    name: str
    id: str
    version: str


_DECODER: Final = msgspec.json.Decoder(Replica)


async def replicas(bus: Bus, *, within: timedelta = WITHIN) -> list[Replica]:
    """Return the replicas that answer a ping in time; raise `UnavailableError` when NATS is away."""
    client = bus.client
    inbox = client.new_inbox()
    found: dict[str, Replica] = {}

    async def note(message: Msg) -> None:
        replica = _replica(message.data)
        if replica is not None:
            found[replica.id] = replica

    try:
        subscription = await client.subscribe(inbox, cb=note)
        await client.publish("$SRV.PING", b"", reply=inbox)
        await asyncio.sleep(within.total_seconds())
        await subscription.unsubscribe()
    except (nats.errors.Error, OSError) as exc:
        raise UnavailableError(f"NATS is away ({type(exc).__name__})") from exc
    return sorted(found.values(), key=lambda replica: (replica.name, replica.id))


def _replica(payload: bytes) -> Replica | None:
    try:
        replica = _DECODER.decode(payload)
    except msgspec.MsgspecError:
        return None  # another program's service on the same NATS
    if not replica.name.startswith(PREFIX):
        return None
    return Replica(replica.name.removeprefix(PREFIX), replica.id, replica.version)
