"""Makes room in a stream that fills up: removes the oldest messages that every consumer has acknowledged.

Nothing else is ever removed. What a consumer has acknowledged is in Postgres: webhooks and their outcomes in the event
log, dead letters in a table. Replays are made from these.
"""

from collections.abc import Sequence
from math import ceil
from typing import Final

import msgspec
import nats.errors
from nats.js.api import ConsumerInfo, StreamInfo

from shared.bus.client import Client
from shared.bus.streams import CONSUMERS
from shared.errors import UnavailableError

HIGH: Final = 0.8
LOW: Final = 0.7
_ROUNDS: Final = 40
_PATIENCE_S: Final = 10


class Pruned(msgspec.Struct, frozen=True, kw_only=True):
    """What was removed from a stream. `kept_for` names the consumers that have not acknowledged what should go next."""

    stream: str
    messages: int = 0
    bytes: int = 0
    kept_for: tuple[str, ...] = ()


async def prune(client: Client, name: str) -> Pruned | None:
    """Bring a stream that is over 80 % full down to 70 %, as far as possible; None if there was nothing to do.

    Raises `UnavailableError`. Replicas may prune at the same time: each removes up to a sequence, never a number.
    """
    try:
        return await _prune(client, name)
    except (nats.errors.Error, OSError, TimeoutError) as exc:
        raise UnavailableError(f"the stream {name} could not be pruned: {exc} ({type(exc).__name__})") from exc


async def _prune(client: Client, name: str) -> Pruned | None:
    stream = client.jetstream(timeout=_PATIENCE_S)
    before = now = await stream.stream_info(name)
    if not _is_over(before, HIGH) or is_behind(before):
        return None
    floors = floors_of(name, await stream.consumers_info(name), last=before.state.last_seq)
    end = min(floors.values(), default=0) + 1
    for _ in range(_ROUNDS):
        up_to = next_sequence(now, end=end)
        if up_to is None:
            break
        await stream.purge_stream(name, seq=up_to)
        now = await stream.stream_info(name)
    return Pruned(
        stream=name,
        messages=max(0, before.state.messages - now.state.messages),
        bytes=max(0, before.state.bytes - now.state.bytes),
        kept_for=tuple(sorted(who for who, floor in floors.items() if floor < end)) if _is_over(now, LOW) else (),
    )


def _is_over(info: StreamInfo, share: float) -> bool:
    limit = info.config.max_bytes or 0
    return limit > 0 and info.state.bytes > limit * share


def is_behind(info: StreamInfo) -> bool:
    """Say whether a server of a cluster still copies messages: a consumer that it leads knows too few."""
    peers = (info.cluster.replicas if info.cluster else None) or []
    return any(not peer.current and not peer.offline for peer in peers)


def next_sequence(info: StreamInfo, *, end: int) -> int | None:
    """Return the sequence before which the next messages are removed, at most `end`; None when enough is free.

    Half of the excess goes in each round, because messages differ in size and no more should go than needed.
    """
    state = info.state
    if not _is_over(info, LOW) or not state.messages or state.first_seq >= end:
        return None
    too_much = state.bytes - (info.config.max_bytes or 0) * LOW
    number = max(1, ceil(too_much / (state.bytes / state.messages) / 2))
    return min(state.first_seq + number, end)


def floors_of(name: str, found: Sequence[ConsumerInfo], *, last: int) -> dict[str, int]:
    """Return, for each consumer, the sequence up to which it has acknowledged all its messages.

    `last` is the stream's last sequence from before the consumers were asked. One of our consumers that does not exist
    yet, because its service never ran, has acknowledged nothing.
    """
    floors = {spec.name: 0 for spec in CONSUMERS if spec.stream == name}
    return floors | {consumer.name: _floor(consumer, last) for consumer in found}


def _floor(consumer: ConsumerInfo, last: int) -> int:
    if consumer.num_ack_pending:
        return consumer.ack_floor.stream_seq if consumer.ack_floor else 0
    if consumer.num_pending:
        return consumer.delivered.stream_seq if consumer.delivered else 0
    return last
