"""A stored interaction is what Discord sent, without its token."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.discord.envelope import without_token
from shared.errors import InvalidError, TooLargeError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), JSON, max_size=5), st.text(min_size=1))
def test_all_stays_but_the_token(fields: dict[str, Any], token: str) -> None:
    body = msgspec.json.encode({**fields, "token": token})

    assert msgspec.json.decode(without_token(body)) == {**fields, "token": ""}


def test_a_token_that_stands_there_twice_is_nowhere() -> None:
    assert b"canary" not in without_token(b'{"token":"canary-1","type":2,"token":"canary-2","t\\u006fken":"canary-3"}')


@pytest.mark.parametrize("body", [b"", b"[]", b'"x"', b'{"a":1', b'{"a":"\xff"}', b'{"a":' + b"[" * 100_000])
def test_what_is_no_object_in_utf8_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidError):
        without_token(body)


def test_what_no_message_can_hold_is_refused() -> None:
    with pytest.raises(TooLargeError):
        without_token(msgspec.json.encode({"x": "y" * 230_000}))
