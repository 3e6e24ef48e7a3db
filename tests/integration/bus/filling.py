"""A stream WEBHOOKS with little room, filled and handled."""

from shared.bus import streams
from shared.bus.connection import Bus
from shared.bus.streams import ConsumerSpec
from shared.errors import UnavailableError

LIMIT = 200_000
OURS = (streams.GATEWAY_WEBHOOKS, streams.SYNCER_WEBHOOKS, streams.REQUESTER_WEBHOOKS)
PLEX, SEERR = "webhooks.plex.media-scrobble", "webhooks.seerr.media-pending"


async def shrink(bus: Bus) -> None:
    """Leave room for some fifty messages, and make all consumers."""
    stream = bus.client.jetstream()
    config = (await stream.stream_info("WEBHOOKS")).config
    await stream.update_stream(config.evolve(max_bytes=LIMIT))
    for spec in OURS:
        await streams.reconcile_consumer(bus.client, spec)


async def fill(bus: Bus, *subjects: str) -> int:
    """Publish until the stream is full, and return the number of messages."""
    number = 0
    while True:
        subject = subjects[number % len(subjects)]
        try:
            await bus.publish(subject, b"%d" % number + bytes(4000), message_id=f"{subject}:{number}")
        except UnavailableError:
            return number
        number += 1


async def handle(bus: Bus, spec: ConsumerSpec, *, leave: int = 0) -> None:
    """Acknowledge all messages of a consumer except the last ones."""
    pull = await bus.client.jetstream().pull_subscribe_bind(spec.name, spec.stream)
    waiting = (await pull.consumer_info()).num_pending or 0
    while waiting > leave:
        for message in await pull.fetch(min(waiting - leave, 50), timeout=5):
            await message.ack_sync()
            waiting -= 1
    await pull.unsubscribe()
