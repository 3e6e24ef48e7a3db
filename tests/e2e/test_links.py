"""First links as in the demo's instructions: from Discord, by REST and from a terminal, through restarts.

Each test is about another person in town; the last looks for secrets in what the others left.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from simulators.town import PASSWORD
from tests.demo import Answered, Demo, until

SERVICES = ("gateway", "linker", "syncer", "requester")


@pytest.fixture(scope="module")
def town() -> Iterator[Demo]:
    with tempfile.TemporaryDirectory(prefix="usher-test-links-") as name:
        demo = Demo(Path(name), every_s=0.5, LOG_LEVEL="DEBUG")
        demo.wait()
        yield demo
        demo.stop()


def command(town: Demo, person: str, name: str) -> str:
    """Use a Discord command, and return the token of its reply."""
    sent = town.stage("/discord/command", {"person": person, "command": name})
    assert sent["status"] == 200, sent
    assert '"type":5' in sent["answer"].replace(" ", "")
    return str(sent["token"])


def reply(town: Demo, token: str) -> str:
    """The reply to a command; nothing while it is deferred."""
    shown = town.stage(f"/discord/replies/{token}")
    return "" if shown is None else str(shown["content"])


def replied(town: Demo, token: str, text: str) -> str:
    """Wait for a reply with this text, and return it."""
    until(lambda: text in reply(town, token), 20)
    return reply(town, token)


def short_code(text: str) -> str:
    found = re.search(r"\*\*([A-Z0-9]{4})\*\*", text)
    assert found is not None, text
    return found[1]


def person_of(town: Demo, name: str) -> Any:
    found = town.usher(f"/api/people?search={name}")["items"]
    return found[0] if len(found) == 1 else None


def identities(person: Any) -> dict[str, Any]:
    return {each["provider"]: each for each in person["identities"]}


def is_settled(town: Demo, name: str) -> bool:
    person = person_of(town, name)
    return person is not None and person["seerr_user_id"] is not None


def account_of(town: Demo, name: str) -> Any:
    return next(each for each in town.stage("/people") if each["name"] == name)


def seerr_user(town: Demo, person: Any) -> Any:
    """The person's user in Seerr."""
    return next(each for each in town.stage("/seerr/users") if each["id"] == person["seerr_user_id"])


def linked(town: Demo) -> list[str]:
    """The Plex accounts that Usher has a token for."""
    items = town.usher("/api/integrations?all=true&limit=200")["items"]
    return sorted(each["account"]["username"] for each in items if each["provider"] == "plex")


def test_a_link_from_discord_proves_the_account_and_finds_the_seerr_user(town: Demo) -> None:
    token = command(town, "jonas", "link")
    code = short_code(replied(town, token, "Sign in to Plex"))
    again = command(town, "jonas", "link")
    same = short_code(replied(town, again, "Sign in to Plex"))
    town.stage("/plex/claim", {"person": "jonas", "code": code})
    replied(town, again, "Done")
    until(lambda: is_settled(town, "jonas"))

    person, account = person_of(town, "jonas"), account_of(town, "jonas")
    known = identities(person)
    assert same == code
    assert (known["plex"]["id"], known["plex"]["proven"]) == (str(account["plex_id"]), True)
    assert (known["discord"]["id"], known["discord"]["proven"]) == (account["discord_id"], True)
    until(lambda: bool(seerr_user(town, person)["discord_ids"] == [account["discord_id"]]))
    assert seerr_user(town, person)["email"] == account["email"]


def test_a_link_by_rest_says_how_it_stands(town: Demo) -> None:
    pin = town.usher("/api/integrations/plex/auth/pin", {}, method="POST")
    check = {"pin_id": pin["pin_id"]}
    before = town.usher("/api/integrations/plex/auth/check", check)
    town.stage("/plex/claim", {"person": "priya", "code": pin["short_code"]})
    until(lambda: bool(town.usher("/api/integrations/plex/auth/check", check)["status"] != "pending"))

    after = town.usher("/api/integrations/plex/auth/check", check)
    assert (before["status"], after["status"]) == ("pending", "authorized")
    assert after["account"]["username"] == "priya"
    until(lambda: is_settled(town, "priya"))
    assert identities(person_of(town, "priya"))["plex"]["proven"]


def test_a_link_from_a_terminal(town: Demo) -> None:
    environment = {**os.environ, "USHER_DATA_DIR": str(town.data), "COLUMNS": "200"}  # noqa: TID251 (handed on)
    said = town.folder / "terminal"
    with said.open("wb") as writer:
        linking = subprocess.Popen(
            [sys.executable, "-u", "-m", "cli", "link", "plex"], env=environment, stdout=writer, stderr=writer
        )
    until(lambda: "plex.tv/link" in said.read_text() or linking.poll() is not None)
    found = re.search(r"type ([A-Z0-9]{4}) at", said.read_text())
    assert found is not None, said.read_text()
    town.stage("/plex/claim", {"person": "tomas", "code": found[1]})

    assert linking.wait(20) == 0
    assert "tomas" in said.read_text()
    until(lambda: is_settled(town, "tomas"))


def test_what_is_shared_with_someone_is_read_as_them(town: Demo) -> None:
    person = person_of(town, "priya")

    libraries = town.usher(f"/api/plex/Plex/libraries?person={person['id']}")
    found = town.usher(f"/api/plex/Plex/search?query=matrix&person={person['id']}")

    assert [each["title"] for each in libraries["items"]] == ["Movies", "TV Shows"]
    assert [each["title"] for each in found["items"]] == ["The Matrix"]


def test_unlink_forgets_the_token_and_says_so(town: Demo) -> None:
    before = linked(town)
    token = command(town, "jonas", "unlink")
    said = replied(town, token, "jonas")

    until(lambda: "jonas" not in linked(town))
    assert "jonas" in before
    assert "Removed" in said
    assert identities(person_of(town, "jonas"))["plex"]["proven"]


def test_a_disconnect_by_rest_does_the_same(town: Demo) -> None:
    person = person_of(town, "priya")

    removed = town.usher(f"/api/integrations/plex/connect?person={person['id']}", method="DELETE")

    assert [each["username"] for each in removed["items"]] == ["priya"]
    assert "priya" not in linked(town)
    with pytest.raises(Answered) as refused:
        town.usher(f"/api/plex/Plex/libraries?person={person['id']}")
    assert refused.value.status == 409


def test_a_link_goes_on_through_a_restart_of_every_service(town: Demo) -> None:
    token = command(town, "wei", "link")
    code = short_code(replied(town, token, "Sign in to Plex"))
    for service in SERVICES:
        town.kill(f"services.{service}")
    until(lambda: not town.is_well(), 10)
    town.stage("/plex/claim", {"person": "wei", "code": code})
    until(town.is_well, 30)

    replied(town, token, "Done")
    until(lambda: is_settled(town, "wei"), 20)
    assert identities(person_of(town, "wei"))["plex"]["proven"]


def test_an_account_of_somebody_else_is_refused(town: Demo) -> None:
    token = command(town, "zoe", "link")
    code = short_code(replied(town, token, "Sign in to Plex"))
    town.stage("/plex/claim", {"person": "wei", "code": code})

    until(lambda: reply(town, token) != "" and "Sign in to Plex" not in reply(town, token), 20)
    assert "Done" not in reply(town, token)
    assert "plex" not in identities(person_of(town, "zoe") or {"identities": []})


async def test_no_secret_is_anywhere_but_in_the_vault(town: Demo) -> None:
    secrets = [*town.stage("/secrets"), PASSWORD]
    assert len(secrets) >= 10

    for secret in secrets:
        assert secret not in town.output
    assert [path for path in town.data.rglob("*") if path.is_file() and _holds(path, secrets)] == []
    assert [line for line in _command_lines() if any(secret in line for secret in secrets)] == []
    rows = await _rows((town.data / "run" / "database_url").read_text().strip())
    assert rows
    assert [row for row in rows if any(secret in row for secret in secrets)] == []


def _holds(path: Path, secrets: list[str]) -> bool:
    content = path.read_bytes()
    return any(secret.encode() in content for secret in secrets)


def _command_lines() -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:  # it has ended
            continue
    return found


async def _rows(url: str) -> list[str]:
    """Every row of every table but the vault's, as text."""
    connection = await asyncpg.connect(url)
    try:
        tables = await connection.fetch(
            """select format('%I.%I', table_schema, table_name) as name from information_schema.tables
            where table_schema in ('gateway', 'linker', 'syncer', 'requester') and table_type = 'BASE TABLE'"""
        )
        return [
            row["line"]
            for table in tables
            for row in await connection.fetch(f"select each::text as line from {table['name']} each")  # noqa: S608
        ]
    finally:
        await connection.close()
