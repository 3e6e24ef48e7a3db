"""Payloads as they are shown."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.events.payload import redact


def seen(payload: bytes) -> Any:
    return msgspec.json.decode(redact(payload))


@pytest.mark.parametrize(
    "payload",
    [
        {"thumb": "http://h/photo?X-Plex-Token=canary"},
        {"token": "canary"},
        {"a": [{"apiKey": "canary"}]},
        {"Server": {"accessToken": "canary"}},
        {"text": "https://user:canary@host/"},
    ],
)
def test_what_looks_like_a_secret_is_not_shown(payload: dict[str, Any]) -> None:
    assert "canary" not in str(seen(msgspec.json.encode(payload)))


def test_all_else_is_shown_as_it_was_sent() -> None:
    payload = {"event": "media.scrobble", "Metadata": {"key": "/library/1", "title": "<b>Alien</b>", "year": 1979}}

    assert seen(msgspec.json.encode(payload)) == payload


def test_numbers_beyond_64_bits_survive() -> None:
    assert seen(b'{"n": 123456789012345678901234567890}') == {"n": 123456789012345678901234567890}


@given(st.binary(max_size=200))
def test_whatever_was_stored_is_shown_as_json(payload: bytes) -> None:
    seen(payload)


def test_what_is_nested_too_deeply_to_look_through_is_shown_as_text() -> None:
    deep = b'{"a":' * 5000 + b'"?token=canary"' + b"}" * 5000

    text = seen(deep)

    assert isinstance(text, str)
    assert "canary" not in text
