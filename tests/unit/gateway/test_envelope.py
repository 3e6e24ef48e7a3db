"""A stored webhook has the sender's bytes, and an id that a repeated delivery shares."""

from datetime import UTC, datetime

import msgspec
import pytest

from services.gateway.webhook_secrets.check import Match
from services.gateway.webhooks.envelope import delivery_key, envelope, fingerprint, record
from services.gateway.webhooks.recent_deliveries import RecentDeliveries
from shared.errors import InvalidError, TooLargeError
from shared.schemas.webhook_senders import SOURCES, Source
from shared.schemas.webhooks import MAX_PAYLOAD, Webhook

MATCH = Match("secret-1", "living-room")
NOON = datetime(2026, 11, 1, 12, 0, 0, tzinfo=UTC)
PLAY = b'{ "event":"media.play",\n "x": 1.0, "x": 2 }'
TRACE = "00-" + "1" * 32 + "-" + "2" * 16 + "-01"


def test_the_senders_bytes_are_kept_as_they_came() -> None:
    stored = record(envelope("plex", PLAY, MATCH, NOON, RecentDeliveries()), TRACE)

    assert PLAY in stored.data
    webhook = msgspec.json.decode(stored.data, type=Webhook)
    assert bytes(webhook.payload) == PLAY
    assert (webhook.source, webhook.event, webhook.server) == ("plex", "media.play", "living-room")
    assert webhook.received_at == NOON


def test_the_message_carries_its_id_subject_and_trace() -> None:
    webhook = envelope("plex", PLAY, MATCH, NOON, RecentDeliveries())

    stored = record(webhook, TRACE)

    assert stored.message_id == webhook.id
    assert stored.subject == "webhooks.plex.media.play"
    assert stored.headers == {"traceparent": TRACE}
    assert stored.source == "plex"


def test_the_same_bytes_have_one_id_within_a_span_of_five_seconds_whoever_takes_them_in() -> None:
    key = delivery_key("plex", PLAY, MATCH)
    noon = NOON.timestamp()

    ids = {seconds: fingerprint(key, noon + seconds) for seconds in (0, 4.999, 5, -0.001, 3600, 5 * 3600)}

    assert ids[0] == ids[4.999]
    assert len(set(ids.values())) == 5


def test_other_bytes_another_source_or_another_secret_are_another_delivery() -> None:
    keys = {
        delivery_key("plex", PLAY, MATCH),
        delivery_key("plex", PLAY + b" ", MATCH),
        delivery_key("emby", PLAY, MATCH),
        delivery_key("plex", PLAY, Match("secret-2", "living-room")),
    }

    assert len(keys) == 4


def test_the_name_of_the_server_is_no_part_of_the_id() -> None:
    assert delivery_key("plex", PLAY, MATCH) == delivery_key("plex", PLAY, Match("secret-1", "renamed"))


def test_what_is_refused_is_no_delivery() -> None:
    recent = RecentDeliveries()

    with pytest.raises(InvalidError):
        envelope("plex", b"[]", MATCH, NOON, recent)

    assert recent.take_new() == []


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b"null",
        b'"text"',
        b"{",
        b"{}{}",
        b'{"event":"a\nb}',
        b'{"event":"a\nb", x}',
        b'{"event":"\\ud800"}',
        b'{"x":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
        b"<html></html>",
    ],
)
def test_what_is_no_json_object_is_invalid(payload: bytes) -> None:
    with pytest.raises(InvalidError):
        envelope("plex", payload, MATCH, NOON, RecentDeliveries())


@pytest.mark.parametrize(
    "payload",
    [
        b"{}",
        b'{"event":"media.play","event":"media.stop"}',
        b'{"event":"a","x":123456789012345678901234567890,"y":1e999}',
        b'{"event":"<script>*.>\\u0000 \\r\\n"}',
        b'{"event":"' + b"\xf0\x9f\x8e\xac" * 100 + b'"}',
    ],
)
def test_odd_objects_are_stored_as_they_are(payload: bytes) -> None:
    stored = record(envelope("plex", payload, MATCH, NOON, RecentDeliveries()), TRACE)

    assert bytes(msgspec.json.decode(stored.data, type=Webhook).payload) == payload


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        (b'{"x":"a\nb\tc\r\nd"}', rb'{"x":"a\nb\tc\r\nd"}'),
        (b'{"x":"a\x1b[1m\x07b"}', b'{"x":"a [1m b"}'),
        (b'{\n\t"x\n": "a\\"\nb" }\r\n', b'{\n\t"x\\n": "a\\"\\nb" }\r\n'),
        (b'{"x":"C:\\\\\na\\\nb"}', rb'{"x":"C:\\\na\\\nb"}'),
        (b'{"x":\x0b1}\x1a', b'{"x": 1} '),
        (rb'{"x":"\&quot;Heat\&quot;"}', b'{"x":"&quot;Heat&quot;"}'),
        ('{"x":"Ä\n海"}'.encode(), r'{"x":"Ä\n海"}'.encode()),
    ],
)
def test_what_a_template_has_broken_is_stored_as_the_json_that_was_meant(
    source: Source, sent: bytes, stored: bytes
) -> None:
    kept = record(envelope(source, sent, MATCH, NOON, RecentDeliveries()), TRACE)

    assert bytes(msgspec.json.decode(kept.data, type=Webhook).payload).strip() == stored.strip()


def test_mending_does_not_make_a_payload_longer_than_a_message() -> None:
    with pytest.raises(TooLargeError):
        envelope("jellyfin", b'{"x":"' + b"\n" * (MAX_PAYLOAD - 8) + b'"}', MATCH, NOON, RecentDeliveries())


def test_a_payload_of_the_limit_is_taken_and_one_byte_more_is_too_large() -> None:
    frame = b'{"event":"x","y":"%s"}'
    filler = b"z" * (MAX_PAYLOAD - len(frame % b""))

    assert len(record(envelope("plex", frame % filler, MATCH, NOON, RecentDeliveries()), TRACE).data) < 256 * 1024
    with pytest.raises(TooLargeError):
        envelope("plex", frame % (filler + b"z"), MATCH, NOON, RecentDeliveries())


def test_a_name_that_fills_the_payload_is_cut_off() -> None:
    payload = b'{"event":"' + b"x" * 200_000 + b'"}'

    stored = record(envelope("plex", payload, MATCH, NOON, RecentDeliveries()), TRACE)

    assert len(stored.subject) < 100
    assert len(stored.data) < len(payload) + 1024
