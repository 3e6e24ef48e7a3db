"""How the connection to Seerr is shown in a test's format, and what it lacks."""

from typing import Any

import pytest
from typer.testing import CliRunner

from cli.errors import BadUsageError
from cli.servers import app, seerr_test

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
        (
            {"problem": "Seerr cannot import from Plex, because …: let its owner sign in"},
            False,
            "Seerr cannot import from Plex, because …",
        ),
        ({"enabled": False, "version": None, "user_count": None}, True, "it is turned off, and was not asked"),
        ({"enabled": False, "problem": "no answer: is it running?"}, True, "it is turned off, and was not asked"),
        ({"url": None, "enabled": False}, False, "none is set up"),
    ],
)
def test_seerr_is_said_to_answer_only_where_it_was_asked(changes: dict[str, Any], *, works: bool, text: str) -> None:
    found = seerr_test(SEERR | changes)

    assert (found["works"], found["findings"][0]["text"]) == (works, text)


@pytest.mark.parametrize(
    ("name", "option", "named"),
    [
        ("Seerr", ["--password-suffix-file", "suffix"], "--password-suffix-file"),
        ("Seerr", ["--request-limit", "0"], "--request-limit"),
        ("Seerr", ["--machine-id", "abc"], "--machine-id"),
        ("Seerr", ["--include-owner"], "--include-owner"),
        ("seerr", ["--library", "1", "--library", "2"], "--library"),
        ("Requests", [], "NAME"),
    ],
)
def test_what_seerr_does_not_have_is_refused_by_its_name(name: str, option: list[str], named: str) -> None:
    result = CliRunner().invoke(app, ["add", name, "--type", "seerr", "--url", "http://seerr:5055", *option])

    assert isinstance(result.exception, BadUsageError)
    assert result.exception.detail.startswith(named)
