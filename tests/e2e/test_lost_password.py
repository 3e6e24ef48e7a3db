"""`usher admin reset-password` on a data folder with an embedded PostgreSQL, while Usher runs and while it does not."""

import json
import os
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house import PASSWORD, House
from tests.integration.supervisor.running import processes_of

CHOSEN = "canary-the-chosen-password"


@pytest.fixture
def house() -> Iterator[House]:
    with tempfile.TemporaryDirectory(prefix="usher-e2e-") as name:
        house = House(Path(name) / "data")
        house.start()
        yield house
        house.stop()


@pytest.fixture(scope="module")
def stopped() -> Iterator[House]:
    """A house that ran once; its folder stays as it is."""
    with tempfile.TemporaryDirectory(prefix="usher-e2e-") as name:
        house = House(Path(name) / "data")
        house.start()
        house.stop()
        yield house


def run_reset(house: House, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli", "admin", "reset-password", *arguments],
        env={**os.environ, "USHER_DATA_DIR": str(house.folder)},  # noqa: TID251 (handed on)
        input=typed,
        capture_output=True,
        text=True,
        check=False,
    )


def reset(house: House, *arguments: str, typed: str = "") -> str:
    done = run_reset(house, *arguments, typed=typed)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def status_of_login(house: House, password: str) -> int:
    body = json.dumps({"username": "admin", "password": password}).encode()
    request = urllib.request.Request(
        f"{house.url}/api/auth/login", data=body, headers={"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return int(response.status)
    except urllib.error.HTTPError as exc:
        return exc.code


def test_who_lost_their_password_gets_in_again_whether_usher_runs_or_not(house: House) -> None:
    while_it_runs = json.loads(reset(house, "--json"))["password"]
    statuses = [status_of_login(house, password) for password in (PASSWORD, while_it_runs)]
    house.stop()

    reset(house, "--password-file", "-", typed=CHOSEN)
    left = processes_of(house.folder)
    house.start()

    assert statuses == [401, 200]
    assert left == []
    assert [status_of_login(house, password) for password in (while_it_runs, CHOSEN)] == [401, 200]
    assert [each["actor"] for each in house.pages("/api/audit?action=password.reset")] == ["command line"] * 2
    assert not [secret for secret in (CHOSEN, while_it_runs) if secret in house.log.read_text()]


def test_after_a_power_cut_too(house: House) -> None:
    house.kill_all()

    password = json.loads(reset(house, "--json"))["password"]
    house.start()

    assert status_of_login(house, password) == 200


@pytest.mark.parametrize("missing", ["postgres/password", "logs"])
def test_a_data_folder_that_is_not_whole_is_told_in_one_line_and_nothing_goes_on(stopped: House, missing: str) -> None:
    elsewhere = (stopped.folder / missing).rename(stopped.folder / "elsewhere")

    done = run_reset(stopped)
    elsewhere.rename(stopped.folder / missing)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("usher: the data folder cannot be used (")
    assert done.stderr.count("\n") == 1
    assert missing in done.stderr
    assert processes_of(stopped.folder) == []
