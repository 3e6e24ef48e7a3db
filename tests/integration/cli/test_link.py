"""`usher link` against a gateway with canned answers: what it shows, how it waits, how it ends."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.client import AnswerError
from cli.folder import ADDRESS, LOCAL_API_KEY, Folder
from cli.link import app
from shared.schemas.secret import Secret
from tests.integration.cli.gateway import FakeGateway, serving

PIN = {
    "pin_id": "s1",
    "code": "tq7x",
    "url": "https://app.plex.tv/auth#?code=tq7x",
    "short_code": "4KXW",
    "expires_at": "2036-01-31T18:00:00Z",
}
PENDING: dict[str, Any] = {"status": "pending", "account": None, "servers": [], "reason": None}
DONE = {**PENDING, "status": "authorized", "account": {"id": "7", "username": "ann", "email": None}}
REFUSED = {**PENDING, "status": "refused", "reason": "this Plex account was proven by somebody else"}


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    answers: dict[str, Any] = {
        "POST /api/integrations/plex/auth/pin": PIN,
        "POST /api/integrations/plex/auth/check": [PENDING, DONE],
        "DELETE /api/integrations/plex/auth/pin/s1": {**PENDING, "status": "cancelled"},
    }
    with serving(answers) as fake:
        yield fake


@pytest.fixture
def environment(gateway: FakeGateway, tmp_path: Path) -> dict[str, str]:
    folder = Folder(str(tmp_path / "data"))
    folder.make()
    folder.keep(LOCAL_API_KEY, lambda: Secret("usha_local"))
    folder.publish(ADDRESS, gateway.address)
    return {"USHER_DATA_DIR": str(folder.path), "USHER_API_KEY": ""}


def link(environment: dict[str, str], *arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(app, list(arguments), env=environment, input=typed)


def test_the_address_and_the_code_are_shown_and_then_whose_it_is(
    gateway: FakeGateway, environment: dict[str, str]
) -> None:
    result = link(environment, "plex", "--person", "p1")

    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        f"Sign in here: {PIN['url']}",
        "Or type 4KXW at https://plex.tv/link",
        "Linked: the plex account ann.",
    ]
    assert [asked.body for asked in gateway.asked] == [
        {"server": None, "person_id": "p1"},
        {"pin_id": "s1"},
        {"pin_id": "s1"},
    ]


def test_json_is_the_pin_and_then_how_it_ended(environment: dict[str, str]) -> None:
    result = link(environment, "plex", "--json")

    assert [json.loads(line) for line in result.stdout.splitlines()] == [PIN, DONE]


def test_a_refusal_says_why_and_fails(gateway: FakeGateway, environment: dict[str, str]) -> None:
    gateway.answers["POST /api/integrations/plex/auth/check"] = REFUSED

    result = link(environment, "plex")

    assert isinstance(result.exception, AnswerError)
    assert str(result.exception) == REFUSED["reason"]


def test_an_account_that_is_not_linked_cannot_be_removed(gateway: FakeGateway, environment: dict[str, str]) -> None:
    gateway.answers["DELETE /api/integrations/plex/connect"] = {"items": []}

    result = link(environment, "remove", "plex", "\x1b[2J")

    assert "no plex account �[2J is linked" in str(result.exception)


@pytest.mark.parametrize("system", ["emby", "jellyfin"])
def test_a_password_is_asked_for_and_not_shown(gateway: FakeGateway, environment: dict[str, str], system: str) -> None:
    gateway.answers[f"POST /api/integrations/{system}/connect"] = {
        "provider": system,
        "account": {"username": "ann", "id": "7"},
    }

    result = link(environment, system, "ann", "--server", "Shed", typed="canary\n")

    assert result.exit_code == 0, result.output
    assert "canary" not in result.output
    assert gateway.asked[0].body == {"username": "ann", "password": "canary", "server": "Shed", "person_id": None}


@pytest.mark.parametrize("asked", [1, 2])
def test_ctrl_c_calls_it_off(gateway: FakeGateway, environment: dict[str, str], asked: int) -> None:
    gateway.answers["POST /api/integrations/plex/auth/check"] = PENDING
    gateway.pauses["POST /api/integrations/plex/auth/pin"] = 1.0
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", "link", "plex"],
        env={**os.environ, **environment},  # noqa: TID251 (the test's environment, handed on)
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 20
    while len(gateway.asked) < asked and time.monotonic() < deadline:
        time.sleep(0.05)

    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)

    assert process.returncode == 1
    assert errors.decode().strip().endswith("usher: cancelled; nothing was linked")
    assert (gateway.asked[-1].method, gateway.asked[-1].path) == ("DELETE", "/api/integrations/plex/auth/pin/s1")
