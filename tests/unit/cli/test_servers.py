"""How Seerr's connection reads in the words of a test."""

from typing import Any

import pytest

from cli.servers import seerr_test

SEERR: dict[str, Any] = {
    "url": "http://seerr:5055",
    "enabled": True,
    "reachable": True,
    "version": "3.1.0",
    "user_count": 4,
    "problem": None,
}


@pytest.mark.parametrize(
    ("changes", "works", "text"),
    [
        ({}, True, "Seerr 3.1.0 answers, with 4 users"),
        ({"problem": "no answer: is it running?"}, False, "no answer"),
        ({"enabled": False, "version": None, "user_count": None}, True, "it is turned off, and was not asked"),
        ({"enabled": False, "problem": "no answer: is it running?"}, True, "it is turned off, and was not asked"),
        ({"url": None, "enabled": False}, False, "none is set up"),
    ],
)
def test_seerr_is_said_to_answer_only_where_it_was_asked(changes: dict[str, Any], *, works: bool, text: str) -> None:
    found = seerr_test(SEERR | changes)

    assert (found["works"], found["findings"][0]["text"]) == (works, text)
