"""How waits are written for people."""

from datetime import timedelta

import pytest

from shared.durations import in_words


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(), "1 second"),
        (timedelta(milliseconds=200), "1 second"),
        (timedelta(seconds=59.2), "1 minute"),
        (timedelta(seconds=143), "2 minutes 23 seconds"),
        (timedelta(minutes=5), "5 minutes"),
        (timedelta(seconds=3601), "1 hour 1 minute"),
        (timedelta(hours=24), "24 hours"),
    ],
)
def test_a_span_is_said_in_words_and_rounded_up(span: timedelta, words: str) -> None:
    assert in_words(span) == words
