"""Other people's words are shown as they are."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.discord.markdown import ago, escaped


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Heat", "Heat"),
        ("**Heat**", "\\*\\*Heat\\*\\*"),
        ("[a](https://b.example)", "\\[a\\]\\(https\\://b\\.example\\)"),
        ("<@42> @everyone", "\\<\\@42\\> \\@everyone"),
        ("line\nbreak\x00", "line break"),
        ("", ""),
        (None, ""),
        (7, "7"),
    ],
)
def test_what_means_something_to_discord_loses_its_meaning(text: object, shown: str) -> None:
    assert escaped(text) == shown


def test_a_long_text_is_cut_before_it_is_escaped() -> None:
    assert escaped("*" * 50, limit=10) == "\\*" * 9 + "…"


@given(st.text())
def test_whatever_comes_is_one_line_of_bounded_length(text: str) -> None:
    shown = escaped(text, limit=20)

    assert len(shown) <= 40
    assert "\n" not in shown


def test_a_moment_is_shown_as_everybody_reads_it() -> None:
    assert ago(datetime(2026, 5, 1, 12, tzinfo=UTC)) == "<t:1777636800:R>"
