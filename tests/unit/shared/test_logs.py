"""Secrets do not appear in log lines, wherever they are."""

import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable

import pytest

from shared.logs import redact, redact_text
from shared.schemas.secret import Secret

CANARY = "c4n4ry-value-0123456789"


@pytest.mark.parametrize(
    "text",
    [
        f"GET /webhooks/plex?token={CANARY}&x=1",
        f"POST /webhooks/plex/{CANARY} 202",
        f"POST //Webhooks//plex//{CANARY} 202",
        f"POST /webhook/plex%2F{CANARY} 202",
        f"POST %252Fwebhooks%252fplex%252F{CANARY} 202",
        f"X-Plex-Token: {CANARY}",
        f"Authorization: Bearer {CANARY}",
        f'{{"password": "{CANARY}"}}',
        f"{{'access_token': '{CANARY}'}}",
        f'{{\\"refresh_token\\": \\"{CANARY}\\"}}',
        f"postgresql://usher:{CANARY}@127.0.0.1:5432/usher",
        f"api_key={CANARY}",
        f"PLEX_TOKEN={CANARY}",
        f"bot_token: {CANARY}",
        f'{{"client_secret": "{CANARY}"}}',
        f"newPassword={CANARY}",
        f"passwd={CANARY}",
        f"Authorization: Basic {CANARY}",
        f"https://discord.com/api/v10/webhooks/1014270561534541824/{CANARY}/messages/@original",
        f"https://{CANARY}@seerr.example.org/",
        f"postgresql://usher:p@{CANARY}@127.0.0.1:5432/usher",
        f"usha_{CANARY}",
        f"DISCORD {'M' * 24}.Abc123.{CANARY}{CANARY}",
        f"a JSON web token {'e' * 400}.Abc123.{CANARY}{CANARY}",
    ],
)
def test_secrets_in_a_text_are_hidden(text: str) -> None:
    assert CANARY not in redact_text(text)


@pytest.mark.parametrize("text", ["token expired", "the key is missing", "Cowboy Bebop: key=0", "nats://h:4222"])
def test_what_only_speaks_of_secrets_stays_readable(text: str) -> None:
    assert redact_text(text).split("=")[0] == text.split("=", maxsplit=1)[0]


@pytest.mark.parametrize(
    "text", ["ratingKey=5", "http://h:1/a?to=b@c", "/webhooks/plex", "monkey: 5", "ada@example.org"]
)
def test_what_is_no_secret_is_left_as_it_is(text: str) -> None:
    assert redact_text(text) == text


@pytest.mark.parametrize("sign", ["@", ".", "=", "/", "_"])
def test_a_text_of_many_words_holds_nobody_up(sign: str) -> None:
    text = "a-" * 10_000 + sign
    began = time.process_time()

    redact_text(text)

    assert time.process_time() - began < 0.2


def test_secrets_in_values_are_hidden_however_deep() -> None:
    line = redact(
        None,
        "info",
        {
            "event": "x",
            "token": CANARY,
            "nested": {"api_key": CANARY, "list": [f"token={CANARY}"]},
            "secret_object": Secret(CANARY),
            "error": ValueError(f"password={CANARY}"),
            "plain": 5,
        },
    )

    assert CANARY not in str(line)
    assert line["plain"] == 5


@pytest.mark.parametrize("make", [lambda inner: [inner], lambda inner: {"a": inner}, lambda inner: {CANARY: [inner]}])
def test_what_is_nested_without_end_is_cut_off(make: Callable[[object], object]) -> None:
    value: object = CANARY
    for _ in range(100_000):
        value = make(value)

    line = redact(None, "info", {"event": "x", "value": value})

    assert "(nested too deeply to be shown)" in str(line["value"])


def test_an_object_that_cannot_be_written_down_is_cut_off() -> None:
    value: deque[object] = deque()
    for _ in range(100_000):
        value = deque([value])

    assert redact(None, "info", {"value": value}) == {"value": "(nested too deeply to be shown)"}


RECURSION = """
import logging
from shared.logs import configure

def descend(): ascend()
def ascend(): descend()

configure(service="test", level="INFO", style="json")
try:
    descend()
except RecursionError:
    logging.getLogger("library").exception("failed")
"""


def test_the_traceback_of_an_endless_recursion_is_short() -> None:
    said = subprocess.run([sys.executable, "-c", RECURSION], capture_output=True, check=True, text=True).stdout

    assert "RecursionError" in said
    assert len(said) < 10_000
