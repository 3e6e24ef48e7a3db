"""How commands fail: exit status and standard error of real processes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from cli.folder import ADDRESS, LOCAL_API_KEY, Folder
from shared.schemas.secret import Secret
from tests.integration.cli.gateway import serving

REPOSITORY = Path(__file__).parents[3]


class Ended(NamedTuple):
    status: int
    out: str
    err: str


def usher(folder: Path, command: str, **variables: str) -> Ended:
    """Run a command in an empty folder with these variables and no others."""
    done = subprocess.run(
        [sys.executable, "-m", "cli", *command.split()],
        cwd=folder,
        env={"PYTHONPATH": str(REPOSITORY), "PATH": os.defpath, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def said(ended: Ended) -> str:
    """Return the one error of a command with `--json`."""
    [line] = ended.err.splitlines()
    told = json.loads(line)
    assert list(told) == ["error"]
    return str(told["error"])


@pytest.mark.parametrize("command", ["history --since", "events list --until"])
@pytest.mark.parametrize("moment", ["tomorrow", "2026-02-30", "2026-1-1", "20260131", "1.1.2026"])
def test_what_is_not_a_time_is_reported_in_one_line(tmp_path: Path, command: str, moment: str) -> None:
    ended = usher(tmp_path, f"{command} {moment}")

    assert (ended.status, ended.out) == (2, "")
    option = command.rsplit(maxsplit=1)[-1]
    assert ended.err.startswith(f"usher: {option} is '{moment}': expected a date or a moment of ISO 8601, such as ")
    assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize("command", ["run", "history", "doctor", "people list"])
def test_an_impossible_host_is_reported_in_one_line(tmp_path: Path, command: str) -> None:
    ended = usher(tmp_path, command, USHER_HOST="999.1.1.1")

    if command == "doctor":
        assert ended.status == 1
        assert "USHER_HOST is '999.1.1.1'" in ended.out
        return
    assert (ended.status, ended.out) == (2, "")
    assert ended.err == "usher: USHER_HOST is '999.1.1.1': expected the address to listen on, for example 0.0.0.0\n"


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ("history --json", "USHER_API_KEY is not set"),
        ("history --json --since tomorrow", "--since is 'tomorrow'"),
        ("history --json --limit 0", "--limit"),
        ("history --json --nope", "--nope"),
        ("nope --json", "nope"),
        ("dead show --json", "argument"),
        ("keys status --json", "DATABASE_URL is not set"),
        ("people list --json", "USHER_API_KEY is not set"),
    ],
)
def test_with_json_wrong_use_is_json(tmp_path: Path, command: str, text: str) -> None:
    ended = usher(tmp_path, command)

    assert (ended.status, ended.out) == (2, "")
    assert text in said(ended)


def test_with_json_an_answer_that_is_no_is_json(tmp_path: Path) -> None:
    folder = Folder(str(tmp_path / "data"))
    folder.make()
    folder.keep(LOCAL_API_KEY, lambda: Secret("usha_local"))
    with serving({}) as gateway:
        folder.publish(ADDRESS, gateway.address)
        ended = usher(tmp_path, "dead show d1 --json")
        plain = usher(tmp_path, "dead show d1")

    assert (ended.status, ended.out, said(ended)) == (1, "", "there is no /api/deadletters/d1")
    assert (plain.status, plain.err) == (1, "usher: there is no /api/deadletters/d1\n")


def test_with_json_an_unanswered_address_is_reported_as_json(tmp_path: Path) -> None:
    ended = usher(tmp_path, "history --json", USHER_API_KEY="usha_x", USHER_PUBLIC_URL="http://127.0.0.1:1")

    assert ended.status == 1
    assert "Usher does not answer" in said(ended)


@pytest.mark.parametrize("command", ["keys generate --json", "doctor --json"])
def test_with_json_what_goes_well_is_json_on_standard_output(tmp_path: Path, command: str) -> None:
    ended = usher(tmp_path, command)

    assert json.loads(ended.out)
    assert ended.err == ""


def test_help_is_printed_with_json_too(tmp_path: Path) -> None:
    ended = usher(tmp_path, "history --help --json")

    assert (ended.status, ended.err) == (0, "")
    assert "--since" in ended.out
