"""Servers set up from a terminal: `usher servers`, `usher import seerrsync`, `usher doctor`."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cli.folder import ADDRESS, Folder
from shared.owners import server_password_suffix, server_token
from shared.schemas.secret import Secret
from tests.integration.gateway.house import KEY
from tests.integration.linker.servers.estate import Estate
from tests.integration.linker.servers.street import Street

SUFFIX = "canary-suffix-2025"


class Done(msgspec.Struct):
    """How a command ended."""

    status: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


class Terminal:
    """Runs commands as processes of their own, and keeps what stood on their command lines."""

    def __init__(self, usher: Estate, folder: Path) -> None:
        self._folder = Folder(str(folder))
        self._folder.make()
        self._folder.publish(ADDRESS, str(usher.house.http.base_url).rstrip("/"))
        self.lines: list[str] = []

    async def run(self, *arguments: str, stdin: str = "") -> Done:
        self.lines.append(" ".join(arguments))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "cli",
            *arguments,
            env={"USHER_DATA_DIR": str(self._folder.path), "USHER_API_KEY": KEY, "PATH": "/usr/bin"},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate(stdin.encode())
        assert process.returncode is not None
        return Done(process.returncode, out.decode(), err.decode())


@pytest.fixture
def terminal(usher: Estate, tmp_path: Path) -> Terminal:
    return Terminal(usher, tmp_path / "home")


async def test_a_server_is_added_shown_tested_and_removed(
    terminal: Terminal, usher: Estate, street: Street, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text(f"{street.tokens['jellyfin']}\n")
    where = ("--type", "jellyfin", "--url", street.urls["jellyfin"])
    tried = await terminal.run("servers", "add", "Cellar", *where, "--token-file", str(token), "--dry-run", "--json")
    added = await terminal.run("servers", "add", "Cellar", *where, stdin=street.tokens["jellyfin"] + "\n")
    seerr = await terminal.run(
        "servers",
        "add",
        "Seerr",
        "--type",
        "seerr",
        "--url",
        street.urls["seerr"],
        "--token-file",
        "-",
        stdin="seerr-api-key",
    )
    listed = await terminal.run("servers", "list")
    as_json = await terminal.run("servers", "list", "--json")
    tested = await terminal.run("servers", "test", "--json")
    removed = await terminal.run("servers", "remove", "Cellar")

    assert [each.status for each in (tried, added, seerr, listed, as_json, tested, removed)] == [0] * 7, added.err
    assert tried.json()["user_count"] == 2
    assert "Cellar" in listed.out
    assert "seerr" in listed.out
    assert as_json.json()["items"][0]["name"] == "Cellar"
    assert [each["works"] for each in tested.json()["items"]] == [True, True]
    assert removed.out == "Cellar is gone.\n"
    printed = "".join(each.out + each.err for each in (tried, added, seerr, listed, as_json, tested))
    assert street.tokens["jellyfin"] not in printed + "".join(terminal.lines)


async def test_what_goes_wrong_is_one_line(terminal: Terminal, street: Street) -> None:
    where = ("--type", "plex", "--url", street.urls["plex"])
    wrong = await terminal.run("servers", "add", "Attic", *where, stdin="canary-wrong")
    empty = await terminal.run("servers", "add", "Attic", *where, stdin="")
    missing = await terminal.run("servers", "add", "Attic", *where, "--token-file", "/nowhere/token")
    unknown = await terminal.run("servers", "test", "Nobody")

    failures = [wrong, empty, missing, unknown]
    assert [(each.status, each.err.count("\n")) for each in failures] == [(1, 1)] * 4, [each.err for each in failures]
    assert "does not accept the token" in wrong.err
    assert "canary" not in wrong.err
    assert "one line" in empty.err
    assert "/nowhere/token cannot be read" in missing.err


async def test_a_test_of_an_ill_server_fails(terminal: Terminal, usher: Estate, street: Street) -> None:
    await usher.post("/api/mediaservers", street.body("plex"))
    street.plex_tv.accounts.revoke(street.tokens["plex"])
    tested, doctor = await terminal.run("servers", "test"), await terminal.run("doctor", "--json")

    found = [each for each in doctor.json()["findings"] if each["subject"] == "Plex" and each["level"] == "fail"]
    assert tested.status == 1
    assert "does not accept the token" in tested.out
    assert [each["text"] for each in found] == ["a Plex Media Server does not accept the token"]
    assert found[0]["mend"]


async def test_the_doctor_tests_every_server(terminal: Terminal, usher: Estate, street: Street) -> None:
    for kind in ("plex", "jellyfin", "emby"):
        await usher.post("/api/mediaservers", street.body(kind, enabled=kind != "emby"))
    await usher.put("/api/seerr", {"url": street.urls["seerr"], "api_key": "seerr-api-key"})
    street.jellyfin.fail_next(500, times=9)
    findings = (await terminal.run("doctor", "--json")).json()["findings"]

    found = {(each["subject"], each["level"]): each["text"] for each in findings}
    assert "it has 2 users" in found["Plex", "ok"]
    assert "500" in found["Jellyfin", "fail"]
    assert found["Emby", "ok"] == "it is turned off"
    assert found["Seerr", "ok"] == "Seerr 3.1.0 answers, with 1 users"


def old_config(street: Street, **others: Any) -> dict[str, Any]:
    servers = [
        {**street.body(kind), "password_suffix": SUFFIX if kind == "plex" else "", "request_limit": None}
        for kind in ("plex", "jellyfin", "emby")
    ]
    return {
        "admin": {"username": "admin", "password": "canary-admin"},
        "seerr": {"url": street.urls["seerr"], "api_key": "seerr-api-key"},
        "media_servers": servers,
        "user_settings": {"anna": {"blocked": True}, "ben": {"immune": True, "password": "canary-user"}},
        "sync_interval_minutes": 60,
        **others,
    }


async def test_seerrsync_is_taken_over(terminal: Terminal, usher: Estate, street: Street, tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps(old_config(street)))
    dry = await terminal.run("import", "seerrsync", str(file), "--dry-run")
    before = (await usher.get("/api/mediaservers")).json()["total"]
    done = await terminal.run("import", "seerrsync", str(file), "--json")
    again = await terminal.run("import", "seerrsync", str(file), "--json")
    servers = {each["name"]: each for each in (await usher.get("/api/mediaservers")).json()["items"]}

    assert (dry.status, done.status, again.status, before) == (0, 0, 0, 0), dry.err + done.err
    assert {each["what"]: each["outcome"] for each in done.json()["items"]} == {
        "Seerr": "added",
        "Plex": "added",
        "Jellyfin": "added",
        "Emby": "added",
        "settings of 2 users": "not imported",
        "admin": "not imported",
        "sync_interval_minutes": "not imported",
    }
    assert [each["outcome"] for each in again.json()["items"]][:4] == ["there"] * 4
    assert servers["Plex"]["include_owner"] is True
    assert (await usher.get("/api/seerr")).json()["url"] == street.urls["seerr"]
    assert await usher.vault.get(server_token("Emby", type="emby")) == Secret(street.tokens["emby"])
    assert await usher.vault.get(server_password_suffix("Plex", type="plex")) == Secret(SUFFIX)
    assert await usher.vault.get(server_password_suffix("Emby", type="emby")) is None
    assert "1 blocked, 1 immune, 1 password" in done.out
    assert "canary" not in dry.out + dry.err + done.out + done.err


async def test_one_server_that_is_refused_keeps_all_of_it_out(
    terminal: Terminal, usher: Estate, street: Street, tmp_path: Path
) -> None:
    file = tmp_path / "config.json"
    whole = old_config(street)
    wrong = [
        {
            **whole,
            "media_servers": [*whole["media_servers"][:2], {**whole["media_servers"][2], "token": "canary-wrong"}],
        },
        {**whole, "media_servers": [*whole["media_servers"], {**whole["media_servers"][2], "name": "Twin"}]},
        {**whole, "seerr": {"url": street.urls["seerr"], "api_key": "canary-wrong"}},
    ]
    for each in wrong:
        file.write_text(json.dumps(each))
        refused = await terminal.run("import", "seerrsync", str(file))

        assert refused.status == 1
        assert "Nothing was imported." in refused.out
        assert "canary" not in refused.out + refused.err
        assert (await usher.get("/api/mediaservers")).json()["total"] == 0
        assert (await usher.get("/api/seerr")).json()["url"] is None
