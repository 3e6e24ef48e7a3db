"""The streams and consumers as the last version declared them, and how far its consumers had come."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from nats.js import JetStreamContext, api

from tests.e2e.upgrade import work
from tests.e2e.upgrade.messages import TRACE, Stored

_MIB: Final = 1024 * 1024
_DAY_S: Final = 24 * 3600.0
_STREAMS: Final = {
    "WEBHOOKS": ("webhooks.>", 14 * _DAY_S, 2048 * _MIB),
    "INTERACTIONS": ("interactions.>", 900.0, 64 * _MIB),
    "JOBS": ("jobs.>", 7 * _DAY_S, 512 * _MIB),
    "EVENTS": ("events.>", 14 * _DAY_S, 2048 * _MIB),
    "DEAD": ("dead.>", 90 * _DAY_S, 1024 * _MIB),
}
_CONSUMERS: Final = {
    "gateway-webhooks": ("WEBHOOKS", ["webhooks.>"]),
    "gateway-outcomes": ("EVENTS", ["events.webhook.>"]),
    "gateway-dead": ("DEAD", ["dead.>"]),
    "gateway-jobs": ("JOBS", ["jobs.gateway.>"]),
    "syncer-webhooks": (
        "WEBHOOKS",
        ["webhooks.plex.>", "webhooks.jellyfin.>", "webhooks.emby.>", "webhooks.tautulli.>"],
    ),
    "syncer-people": ("EVENTS", ["events.account.claimed", "events.person.merged"]),
    "syncer-links": ("EVENTS", ["events.account.linked"]),
    "syncer-interactions": ("INTERACTIONS", ["interactions.syncer.>"]),
    "syncer-jobs": ("JOBS", ["jobs.syncer.>"]),
    "linker-interactions": ("INTERACTIONS", ["interactions.linker.>"]),
    "linker-plays": ("EVENTS", ["events.play.recorded"]),
    "linker-links": ("EVENTS", ["events.account.linked", "events.person.merged", "events.server.changed"]),
    "linker-seerr": ("JOBS", ["jobs.seerr.>"]),
    "linker-jobs": ("JOBS", ["jobs.linker.>"]),
    "requester-webhooks": ("WEBHOOKS", ["webhooks.seerr.>"]),
    "requester-jobs": ("JOBS", ["jobs.requester.>"]),
}
_COMES_AGAIN_S: Final = 2.0
"""When delivered messages come again, counted from the end of the old version."""


class OldStreams:
    """Fills the streams; `columns` returns a message's id, subject, headers and payload."""

    def __init__(self, stream: JetStreamContext, columns: Callable[[Stored], tuple[str, str, str, bytes]]) -> None:
        self._stream = stream
        self._columns = columns

    async def fill(self) -> None:
        """Publish handled messages, merely delivered ones, and new ones."""
        await self._declare()
        await self._send(work.DONE)
        for name in _CONSUMERS:
            for message in await self._pending(name):
                await message.ack_sync()
        delivered = [*work.LOST, *work.DELIVERED]
        await self._send([message for _, message in delivered])
        for name in {name for name, _ in delivered}:
            for message in await self._pending(name):
                await message.nak(delay=_COMES_AGAIN_S)
        await self._send(work.STREAMED)

    async def _declare(self) -> None:
        for name, (subjects, keeps, most) in _STREAMS.items():
            await self._stream.add_stream(
                name=name,
                subjects=[subjects],
                retention=api.RetentionPolicy.LIMITS,
                discard=api.DiscardPolicy.NEW,
                storage=api.StorageType.FILE,
                max_age=keeps,
                max_bytes=most,
                max_msg_size=256 * 1024,
                duplicate_window=600.0,
                num_replicas=1,
                allow_direct=True,
            )
        for name, (of, filters) in _CONSUMERS.items():
            await self._stream.add_consumer(of, _consumer(name, filters))

    async def _send(self, messages: Sequence[Stored]) -> None:
        for message in messages:
            number, subject, _, payload = self._columns(message)
            await self._stream.publish(subject, payload, headers={"Nats-Msg-Id": number, "traceparent": TRACE})

    async def _pending(self, name: str) -> list[Any]:
        """Fetch all messages that a consumer has not received yet."""
        of, _ = _CONSUMERS[name]
        count = (await self._stream.consumer_info(of, name)).num_pending or 0
        if not count:
            return []
        subscription = await self._stream.pull_subscribe_bind(consumer=name, stream=of)
        return list(await subscription.fetch(count, timeout=5))


def _consumer(name: str, subjects: list[str]) -> api.ConsumerConfig:
    return api.ConsumerConfig(
        durable_name=name,
        filter_subjects=subjects,
        ack_policy=api.AckPolicy.EXPLICIT,
        ack_wait=30.0,
        deliver_policy=api.DeliverPolicy.ALL,
        max_deliver=20,
        max_ack_pending=16 if name == "linker-seerr" else 256,
        max_waiting=64,
    )
