"""An event's name is found in every sender's JSON, and what could not be stored is refused."""

import msgspec
import pytest

from shared.errors import InvalidError
from shared.schemas.webhook_senders import SOURCES, Source
from shared.schemas.webhooks import MAX_DEPTH, MAX_EVENT, UNKNOWN_EVENT, event_name


@pytest.mark.parametrize(
    ("source", "payload", "expected"),
    [
        ("plex", b'{"event":"media.play"}', "media.play"),
        ("jellyfin", b'{"NotificationType":"PlaybackStop","Event":"x","event":"y"}', "PlaybackStop"),
        ("jellyfin", b'{"Event":"Scrobble","Item":{}}', "Scrobble"),
        ("jellyfin", b'{"event":"media.scrobble","Metadata":{}}', "media.scrobble"),
        ("jellyfin", b'{"NotificationType":"","event":"media.scrobble"}', "media.scrobble"),
        ("emby", b'{"Event":"playback.stop"}', "playback.stop"),
        ("emby", b'{"event":"playback.stop"}', UNKNOWN_EVENT),
        ("tautulli", b'{"event":"","action":"watched"}', "watched"),
        ("tautulli", b'{"notification_type":"watched"}', "watched"),
        ("seerr", b'{"notification_type":"MEDIA_PENDING","event":"New Movie Request"}', "MEDIA_PENDING"),
        ("plex", b"{}", UNKNOWN_EVENT),
        ("plex", b'{"event":null}', UNKNOWN_EVENT),
        ("plex", b'{"event":" "}', UNKNOWN_EVENT),
        ("plex", b'\n { "event" : "media.play" } \n', "media.play"),
        ("plex", b'{"event":"a","event":"b"}', "b"),
        ("plex", b'{"event":"a\\u0000b"}', "a b"),
    ],
)
def test_the_senders_word_is_found(source: Source, payload: bytes, expected: str) -> None:
    assert event_name(source, payload) == expected


def test_a_long_name_is_cut() -> None:
    assert event_name("plex", b'{"event":"' + b"x" * 200_000 + b'"}') == "x" * MAX_EVENT


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    "elsewhere",
    [
        b"1e999",
        b"-1e999",
        b"9" * 50_000,
        b"0." + b"9" * 50_000,
        b"1" * 30,
        b'1,"x":2,"x":[]',
        b'"' + b"x" * 200_000 + b'"',
        b'"\\u0000"',
        b"[" * (MAX_DEPTH - 1) + b"]" * (MAX_DEPTH - 1),
        b"[" + b"[[]]," * 20_000 + b"[]]",
        b'["' + b"[" * 1000 + b'\\"[","\\\\",' + b'"' + b"]" * 2000 + b'"]',
    ],
    ids=lambda value: value[:8].decode(),
)
def test_nothing_elsewhere_fails_it(source: Source, elsewhere: bytes) -> None:
    assert event_name(source, b'{"x":' + elsewhere + b"}") == UNKNOWN_EVENT


def nested(depth: int, opening: bytes, closing: bytes) -> bytes:
    return b'{"event":"media.play","x":' + opening * depth + b"1" + closing * depth + b"}"


@pytest.mark.parametrize("depth", [MAX_DEPTH, 500, 950, 10_000, 200_000])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")])
def test_deep_nesting_is_refused_at_any_depth(depth: int, opening: bytes, closing: bytes) -> None:
    with pytest.raises(InvalidError, match="nested more than 100 deep"):
        event_name("plex", nested(depth, opening, closing))


def test_brackets_in_texts_hide_no_depth() -> None:
    down = b'["]",' * 500
    up = b',"["]' * 500

    with pytest.raises(InvalidError, match="nested more than 100 deep"):
        event_name("plex", b'{"x":' + down + b"1" + up + b"}")


@pytest.mark.parametrize(
    ("payload", "message", "path"),
    [
        (b"", "not JSON", "payload"),
        (b"nonsense", "not JSON", "payload"),
        (b'{"event":"media.play"', "not JSON", "payload"),
        (b'{"event":"media.play"} x', "not JSON", "payload"),
        (b'{"event":"media.play",}', "not JSON", "payload"),
        (b'\xef\xbb\xbf{"event":"media.play"}', "not JSON", "payload"),
        (b'{"x":NaN}', "not JSON", "payload"),
        (b'{"x":"a\x00b"}', "not JSON", "payload"),
        (b'{"x":"\\ud800"}', "not JSON", "payload"),
        (b'{"event":"\\udc00\\ud800"}', "not JSON", "payload"),
        (b'{"event":"\xff"}', "not UTF-8 at byte 10", "payload"),
        (b'{"x":"\xff"}', "not UTF-8 at byte 6", "payload"),
        (b'{"\xc0\x80":1}', "not UTF-8 at byte 2", "payload"),
        (b'{"x":"\xed\xa0\x80"}', "not UTF-8 at byte 6", "payload"),
        (b"[]", "Expected `object`, got `array`", "payload"),
        (b'"media.play"', "Expected `object`, got `str`", "payload"),
        (b"null", "Expected `object`, got `null`", "payload"),
        (b'{"event":5}', "Expected `str | null`, got `int`", "payload.event"),
        (b'{"event":["a"]}', "Expected `str | null`, got `array`", "payload.event"),
        (b"[" * 200_000, "Expected `object`, got `array`", "payload"),
    ],
)
def test_what_nobody_could_read_is_refused_by_name(payload: bytes, message: str, path: str) -> None:
    with pytest.raises(InvalidError) as refused:
        event_name("plex", payload)

    (fault,) = refused.value.faults
    assert fault.path == path
    assert message in fault.message
    assert refused.value.detail == f"{path}: {fault.message}"


@pytest.mark.parametrize("source", SOURCES)
def test_what_has_a_name_can_be_wrapped_and_read_again(source: Source) -> None:
    payload = nested(MAX_DEPTH - 2, b"[", b"]")
    event_name(source, payload)

    wrapped = msgspec.json.encode({"payload": msgspec.Raw(payload)})

    assert bytes(msgspec.json.decode(wrapped, type=dict[str, msgspec.Raw])["payload"]) == payload
