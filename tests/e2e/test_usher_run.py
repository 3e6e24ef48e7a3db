"""The four services as started by `usher run`, used from the command line of the same host."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from simulators.senders import plex_post, plex_scrobble
from tests.house import API_KEY, PASSWORD, WEBHOOK_SECRET, House
from tests.integration.supervisor.running import processes_of, until

Run = Callable[..., str]


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with tempfile.TemporaryDirectory(prefix="usher-e2e-") as name:
        house = House(Path(name) / "data")
        house.start()
        yield house
        house.stop()


@pytest.fixture
def usher(house: House) -> Run:
    """The command, which finds Usher only by the data folder."""

    def run(command: str, *, status: int = 0) -> str:
        environment = {**os.environ, "USHER_DATA_DIR": str(house.folder)}  # noqa: TID251 (handed on)
        done = subprocess.run(
            [sys.executable, "-m", "cli", *command.split()],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout if status == 0 else done.stderr

    return run


def scrobble(house: House, number: int, *, account: int = 1) -> None:
    sent = plex_post(plex_scrobble(number, account=account), with_picture=True)
    address = f"{house.url}/webhooks/plex?token={WEBHOOK_SECRET}"
    request = urllib.request.Request(address, data=sent.body, headers=sent.headers)
    with urllib.request.urlopen(request, timeout=5) as response:
        assert response.status == 202


def items(text: str) -> list[Any]:
    found: list[Any] = json.loads(text)["items"]
    return found


def plays(usher: Run) -> int:
    return int(json.loads(usher("history --json"))["total"])


def test_the_doctor_finds_everything_well(usher: Run) -> None:
    findings = json.loads(usher("doctor --json"))["findings"]

    assert [finding for finding in findings if finding["level"] != "ok"] == []
    assert {"PostgreSQL", "tables", "NATS", "streams", "gateway", "linker", "syncer", "requester"} <= {
        finding["subject"] for finding in findings
    }


def test_a_webhook_becomes_a_play_of_the_person_who_claims_the_account(house: House, usher: Run) -> None:
    scrobble(house, 1, account=7)
    until(lambda: items(usher("history --json")) != [])
    until(lambda: items(usher("people unclaimed --json")) != [])
    (account,) = items(usher("people unclaimed --json"))

    person = json.loads(usher(f"people claim plex {account['server']} {account['account_id']} --name Ann --json"))

    until(lambda: items(usher(f"history --person {person['id']} --json")) != [])
    (event,) = items(usher("events list --json"))
    assert event["status"] == "handled"
    assert json.loads(usher(f"events show {event['id']}"))["payload"]["event"] == "media.scrobble"
    assert [each["name"] for each in items(usher("people list --json"))] == ["Ann"]
    assert json.loads(usher("history --stats --json"))["total"] == 1
    assert items(usher("people unclaimed --json")) == []


def test_an_event_that_is_replayed_makes_no_second_play(house: House, usher: Run) -> None:
    before = plays(usher)
    scrobble(house, 2)
    until(lambda: plays(usher) == before + 1)
    event = items(usher("events list --json"))[0]

    usher(f"events replay {event['id']}")

    until(lambda: json.loads(usher(f"events show {event['id']}"))["attempt"] == 1)
    until(lambda: json.loads(usher(f"events show {event['id']}"))["status"] == "handled")
    assert plays(usher) == before + 1


def test_a_webhook_address_can_be_made_and_taken_away(usher: Run) -> None:
    made = json.loads(usher("webhooks add --source jellyfin --json"))
    usher(f"webhooks remove {made['id']}")

    assert made["id"] not in [each["id"] for each in items(usher("webhooks list --json"))]
    assert made["addresses"][0]["url"].startswith("http://127.0.0.1:")


def test_what_is_not_there_is_one_line_and_status_1_and_what_is_malformed_2(usher: Run) -> None:
    assert usher("dead drop nothing", status=1).count("\n") == 1
    assert usher("people show nobody", status=1).startswith("usher: ")
    assert usher("history --since yesterday", status=2).startswith("usher: ")


def test_the_key_of_the_first_start_can_be_seen_at_work(usher: Run) -> None:
    (key,) = json.loads(usher("keys status --json"))["keys"]

    assert key["is_first"]


def test_the_events_are_followed_as_they_come(house: House, tmp_path: Path) -> None:
    environment = {**os.environ, "USHER_DATA_DIR": str(house.folder)}  # noqa: TID251 (handed on)
    with (tmp_path / "said").open("wb") as output:
        following = subprocess.Popen(
            [sys.executable, "-m", "cli", "events", "tail", "--json"], env=environment, stdout=output, stderr=output
        )
    numbers = iter(range(100, 200))

    def is_seen() -> bool:
        scrobble(house, next(numbers))
        return b'"status":"handled"' in (tmp_path / "said").read_bytes()

    until(is_seen, 10)
    following.send_signal(signal.SIGINT)

    assert following.wait(5) == 0


@pytest.mark.parametrize("service", ["gateway", "linker", "syncer", "requester"])
def test_a_service_that_is_killed_comes_back(house: House, service: str) -> None:
    killed = house.pid_of(f"services.{service}")

    house.send(f"services.{service}", signal.SIGKILL)

    until(lambda: killed not in [process.pid for process in house.processes()])
    until(lambda: is_well(house), 15)


def is_well(house: House) -> bool:
    try:
        return bool(house.get("/api/health")["status"] == "ok")
    except OSError:
        return False


def test_no_secret_is_in_what_was_said(house: House) -> None:
    said = house.log.read_text()

    for path in (house.folder / "secrets").iterdir():
        assert path.read_text().strip() not in said
    assert [secret for secret in (API_KEY, PASSWORD, WEBHOOK_SECRET) if secret in said] == []


def test_a_second_start_finds_its_data_and_a_stop_leaves_nothing(house: House) -> None:
    house.stop()
    left = processes_of(house.folder)

    house.start()

    assert left == []
    assert house.log.read_text().count("Usher is ready") == 2


def test_a_lost_encryption_key_ends_usher_at_once_and_is_named() -> None:
    with tempfile.TemporaryDirectory(prefix="usher-e2e-") as name:
        house = House(Path(name) / "data")
        house.start()
        house.stop()
        (house.folder / "secrets/encryption_keys").unlink()

        ended = subprocess.run(
            [sys.executable, "-m", "cli", "run"],
            env={**os.environ, "USHER_DATA_DIR": str(house.folder), "USHER_PORT": str(house.port)},  # noqa: TID251
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    assert ended.returncode == 2
    assert "USHER_ENCRYPTION_KEYS lacks keys that are in use: k" in ended.stderr
    assert "cannot run with these settings; all stop" in ended.stderr
    assert "starting it again" not in ended.stderr
    assert "Traceback" not in ended.stderr + ended.stdout
