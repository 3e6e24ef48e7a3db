"""The gateway stores what a sender with a valid secret sends, and nothing else, and reads every body to its end."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from services.gateway.webhook_secrets.check import SecretEntry, Secrets, digest
from services.gateway.webhooks.body import TooSlowError
from services.gateway.webhooks.receiver import Delivery, Receiver
from shared.errors import (
    InvalidError,
    NotFoundError,
    TooLargeError,
    UnauthorizedError,
    UnsupportedMediaTypeError,
    UsherError,
)
from shared.schemas.webhooks import Webhook
from tests.unit.gateway.fakes import FakeClient, FakeStorage
from tests.unit.gateway.multipart_bodies import MULTIPART, Part, multipart

PLAY = b'{"event":"media.play"}'
BODY = multipart(Part("payload", PLAY), Part("thumb", b"\xff\xd8" * 10_000, filename="thumb.jpg"))
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
GOOD = Delivery(source="plex", secret="right", content_type=MULTIPART, content_length=len(BODY), traceparent=TRACE)


class Clock:
    def __init__(self) -> None:
        self.at = datetime(2026, 11, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def storage() -> FakeStorage:
    return FakeStorage()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def receiver(storage: FakeStorage, clock: Clock) -> Receiver:
    secrets = Secrets([SecretEntry(id="secret-1", digest=digest("right"), source="plex", server="living-room")])
    return Receiver(secrets, storage, deadline=timedelta(seconds=0.05), now=clock)


async def test_a_webhook_is_stored_before_it_is_acknowledged(
    receiver: Receiver, storage: FakeStorage, clock: Clock
) -> None:
    receipt = await receiver.receive(GOOD, FakeClient(BODY[:100], BODY[100:]))

    assert receipt.duplicate is False
    (stored,) = storage.records
    assert stored.message_id == receipt.id
    assert stored.subject == "webhooks.plex.media.play"
    assert stored.headers == {"traceparent": TRACE}
    webhook = msgspec.json.decode(stored.data, type=Webhook)
    assert (webhook.server, webhook.received_at, bytes(webhook.payload)) == ("living-room", clock.at, PLAY)


@pytest.mark.parametrize("begins", [0.0, 0.3, 2.5, 4.6, 4.999])
async def test_the_same_bytes_within_five_seconds_are_one_event_wherever_the_clock_stands(
    receiver: Receiver, clock: Clock, begins: float
) -> None:
    clock.at += timedelta(seconds=begins)
    first = await receiver.receive(GOOD, FakeClient(BODY))
    for seconds in (0.4, 4.5):
        clock.at += timedelta(seconds=seconds)
        again = await receiver.receive(GOOD, FakeClient(BODY))
        assert (again.id, again.duplicate) == (first.id, True)
    clock.at += timedelta(seconds=0.1)
    later = await receiver.receive(GOOD, FakeClient(BODY))

    assert (later.id == first.id, later.duplicate) == (False, False)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"secret": "wrong"}, UnauthorizedError),
        ({"secret": None}, UnauthorizedError),
        ({"source": "emby"}, UnauthorizedError),
        ({"source": "kodi"}, NotFoundError),
        ({"content_type": "application/xml"}, UnsupportedMediaTypeError),
        ({"content_type": "multipart/form-data"}, InvalidError),
        ({"content_encoding": "gzip"}, UnsupportedMediaTypeError),
    ],
)
async def test_who_is_refused_is_heard_out_and_nothing_is_stored(
    receiver: Receiver, storage: FakeStorage, changes: dict[str, str | None], error: type[UsherError]
) -> None:
    client = FakeClient(BODY[:100], BODY[100:])

    with pytest.raises(error):
        await receiver.receive(msgspec.structs.replace(GOOD, **changes), client)

    assert client.asked == 2
    assert storage.records == []


@pytest.mark.parametrize("secret", ["right", "wrong"])
async def test_a_body_announced_too_large_is_refused_unread_whoever_sends_it(
    receiver: Receiver, storage: FakeStorage, secret: str
) -> None:
    client = FakeClient(BODY)

    with pytest.raises(TooLargeError):
        await receiver.receive(msgspec.structs.replace(GOOD, secret=secret, content_length=50_000_000), client)

    assert client.asked == 0
    assert storage.records == []


@pytest.mark.parametrize("secret", ["right", "wrong"])
async def test_a_slow_body_is_cut_and_nothing_of_it_stored(
    receiver: Receiver, storage: FakeStorage, secret: str
) -> None:
    with pytest.raises(TooSlowError):
        await receiver.receive(msgspec.structs.replace(GOOD, secret=secret), FakeClient(BODY[:-10], None))

    assert storage.records == []


@pytest.mark.parametrize("body", [b"", PLAY, multipart(Part("thumb", b"\xff")), multipart(Part("payload", b"[1]"))])
async def test_a_body_without_the_senders_json_object_is_invalid(
    receiver: Receiver, storage: FakeStorage, body: bytes
) -> None:
    with pytest.raises(InvalidError):
        await receiver.receive(msgspec.structs.replace(GOOD, content_length=len(body)), FakeClient(body))

    assert storage.records == []


async def test_an_event_nobody_knows_is_stored_like_any_other(receiver: Receiver, storage: FakeStorage) -> None:
    body = multipart(Part("payload", b'{"event":"coffee.ready"}'))

    await receiver.receive(msgspec.structs.replace(GOOD, content_length=None), FakeClient(body))

    assert [record.subject for record in storage.records] == ["webhooks.plex.coffee.ready"]
