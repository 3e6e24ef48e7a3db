"""Text for Postgres."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.postgres.text import storable


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", ""),
        ("plain", "plain"),
        ("Amélie 🎬", "Amélie 🎬"),
        ("a\x00b", "a\ufffdb"),
        ("a\ud800b", "a?b"),
        ("\x1b[31m", "\x1b[31m"),
    ],
)
def test_what_postgres_does_not_take_is_replaced(text: str, kept: str) -> None:
    assert storable(text) == kept


@given(st.text(st.characters(codec=None)))
def test_whatever_comes_out_is_utf_8_without_nul(text: str) -> None:
    assert "\x00" not in storable(text)
    storable(text).encode()
