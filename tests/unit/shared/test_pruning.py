from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from nats.js.api import (
    ClusterInfo,
    ConsumerConfig,
    ConsumerInfo,
    PeerInfo,
    SequenceInfo,
    StreamConfig,
    StreamInfo,
    StreamState,
)

from shared.bus import streams
from shared.bus.pruning import floors_of, is_behind, next_sequence
from shared.bus.streams import CONSUMERS, ConsumerSpec

LIMIT = 1000


def stream(*, messages: int, bytes_: int, first: int = 1) -> StreamInfo:
    state = StreamState(
        messages=messages, bytes=bytes_, first_seq=first, last_seq=first + messages - 1, consumer_count=1
    )
    return StreamInfo(config=StreamConfig(name="DEAD", max_bytes=LIMIT), state=state)


@dataclass(frozen=True, kw_only=True)
class Progress:
    delivered: int
    acknowledged: int
    unacknowledged: int = 0
    waiting: int = 0


def consumer(progress: Progress, name: str = "gateway-dead") -> ConsumerInfo:
    return ConsumerInfo(
        name=name,
        stream_name="DEAD",
        created=datetime(2026, 1, 31, tzinfo=UTC),
        config=ConsumerConfig(),
        delivered=SequenceInfo(consumer_seq=1, stream_seq=progress.delivered),
        ack_floor=SequenceInfo(consumer_seq=1, stream_seq=progress.acknowledged),
        num_ack_pending=progress.unacknowledged,
        num_pending=progress.waiting,
    )


@pytest.mark.parametrize(
    ("progress", "floor"),
    [
        (Progress(delivered=90, acknowledged=90), 100),
        (Progress(delivered=0, acknowledged=0), 100),  # nothing of the stream is for it
        (Progress(delivered=90, acknowledged=80, unacknowledged=3), 80),
        (Progress(delivered=90, acknowledged=80, unacknowledged=3, waiting=5), 80),
        (Progress(delivered=90, acknowledged=90, waiting=5), 90),
        (Progress(delivered=0, acknowledged=0, waiting=5), 0),
        (Progress(delivered=50, acknowledged=0, unacknowledged=50), 0),
    ],
)
def test_what_a_consumer_has_acknowledged_ends_before_what_it_has_not(progress: Progress, floor: int) -> None:
    assert floors_of("DEAD", [consumer(progress)], last=100)["gateway-dead"] == floor


def test_a_service_that_never_ran_has_acknowledged_nothing() -> None:
    done = consumer(Progress(delivered=90, acknowledged=90), "gateway-webhooks")

    assert floors_of("WEBHOOKS", [done], last=100) == {
        "gateway-webhooks": 100,
        "syncer-webhooks": 0,
        "requester-webhooks": 0,
    }


def test_a_consumer_that_somebody_else_made_counts_too() -> None:
    other = consumer(Progress(delivered=5, acknowledged=5, waiting=3), "other")

    assert floors_of("DEAD", [other], last=100)["other"] == 5


@pytest.mark.parametrize(
    ("found", "end", "up_to"),
    [
        (stream(messages=100, bytes_=900), 101, 13),  # half of the 22 that are too many
        (stream(messages=100, bytes_=710), 101, 2),
        (stream(messages=100, bytes_=700), 101, None),
        (stream(messages=100, bytes_=900), 5, 5),
        (stream(messages=100, bytes_=900), 1, None),
        (stream(messages=100, bytes_=900, first=50), 50, None),
        (stream(messages=1, bytes_=900), 2, 2),
        (stream(messages=0, bytes_=0), 1, None),
    ],
)
def test_no_more_goes_than_is_needed_and_acknowledged(found: StreamInfo, end: int, up_to: int | None) -> None:
    assert next_sequence(found, end=end) == up_to


@pytest.mark.parametrize(
    ("peers", "is_it"),
    [
        (None, False),
        ([PeerInfo(current=True), PeerInfo(current=True)], False),
        ([PeerInfo(current=True), PeerInfo(current=False, lag=90)], True),
        ([PeerInfo(current=True), PeerInfo(current=False, offline=True)], False),
    ],
)
def test_a_server_that_still_copies_a_stream_keeps_it_whole(peers: list[PeerInfo] | None, is_it: bool) -> None:  # noqa: FBT001
    found = stream(messages=100, bytes_=900)
    found.cluster = ClusterInfo(replicas=peers)

    assert is_behind(found) is is_it
    assert not is_behind(stream(messages=100, bytes_=900))


def test_every_declared_consumer_is_waited_for() -> None:
    declared = {value for value in vars(streams).values() if isinstance(value, ConsumerSpec)}

    assert declared <= set(CONSUMERS)
    assert {spec.stream for spec in CONSUMERS} == {spec.name for spec in streams.STREAMS}
