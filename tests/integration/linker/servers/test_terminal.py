"""Servers set up from a terminal: `usher servers`, `usher import seerrsync`, `usher doctor`."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cli.folder import ADDRESS, Folder
from shared.errors import UnavailableError
from shared.owners import server_password_suffix, server_token, user_password
from shared.schemas.secret import Secret
from tests.integration.gateway.house import KEY
from tests.integration.linker.servers.stand_ins import Street
from tests.integration.linker.servers.surroundings import Estate
from tests.integration.proxy import before

SUFFIX = "canary-suffix-2025"
USERS_PASSWORD = "canary-password-of-ben"


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
        self.lines: list[str] = []
        self.turn_to(str(usher.house.http.base_url).rstrip("/"))

    def turn_to(self, address: str) -> None:
        self._folder.publish(ADDRESS, address)

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
    seerr_removed = await terminal.run("servers", "remove", "seerr")
    done = (tried, added, seerr, listed, as_json, tested, removed, seerr_removed)

    assert [each.status for each in done] == [0] * 8, added.err
    assert tried.json()["user_count"] == 2
    assert "Cellar" in listed.out
    assert "seerr" in listed.out
    assert as_json.json()["items"][0]["name"] == "Cellar"
    assert [each["works"] for each in tested.json()["items"]] == [True, True]
    assert (removed.out, seerr_removed.out) == ("Cellar is gone.\n", "Seerr is gone.\n")
    assert (await usher.get("/api/seerr")).json()["url"] is None
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
        "user_settings": {
            "anna": {"blocked": True, "source_servers": ["Plex"]},
            "ben": {"immune": True, "password": USERS_PASSWORD, "request_limit": 5},
            "carl": {"blocked": False, "source_servers": ["Plex"]},
        },
        "sync_interval_minutes": 60,
        **others,
    }


async def settings_of(usher: Estate) -> dict[str, tuple[Any, ...]]:
    items = (await usher.get("/api/users/settings")).json()["items"]
    names = ("blocked", "immune", "request_limit", "has_password")
    return {each["username"]: tuple(each[name] for name in names) for each in items}


async def kept_of(usher: Estate) -> tuple[int, str | None, int]:
    """Return how many servers there are, where Seerr is, and for how many users something is set."""
    servers, users = (await usher.get("/api/mediaservers")).json(), (await usher.get("/api/users/settings")).json()
    return servers["total"], (await usher.get("/api/seerr")).json()["url"], users["total"]


async def test_seerrsync_is_taken_over(terminal: Terminal, usher: Estate, street: Street, tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps(old_config(street)))
    dry = await terminal.run("import", "seerrsync", str(file), "--dry-run")
    before = await kept_of(usher)
    done = await terminal.run("import", "seerrsync", str(file), "--json")
    again = await terminal.run("import", "seerrsync", str(file), "--json")
    servers = {each["name"]: each for each in (await usher.get("/api/mediaservers")).json()["items"]}

    assert (dry.status, done.status, again.status, before) == (0, 0, 0, (0, None, 0)), dry.err + done.err
    assert {each["what"]: each["outcome"] for each in done.json()["items"]} == {
        "Seerr": "added",
        "Plex": "added",
        "Jellyfin": "added",
        "Emby": "added",
        "user anna": "added",
        "user ben": "added",
        "users": "not imported",
        "admin": "not imported",
        "sync_interval_minutes": "not imported",
    }
    assert [each["outcome"] for each in again.json()["items"]][:6] == ["there"] * 6
    assert servers["Plex"]["include_owner"] is True
    assert (await usher.get("/api/seerr")).json()["url"] == street.urls["seerr"]
    assert await usher.vault.get(server_token("Emby", type="emby")) == Secret(street.tokens["emby"])
    assert await usher.vault.get(server_password_suffix("Plex", type="plex")) == Secret(SUFFIX)
    assert await usher.vault.get(server_password_suffix("Emby", type="emby")) is None
    assert "immune, a password, request limit 5" in done.out
    assert await usher.users.vault.get(user_password("ben")) == Secret(USERS_PASSWORD)
    assert await settings_of(usher) == {"anna": (True, False, None, False), "ben": (False, True, 5, True)}
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
        {**whole, "user_settings": {**whole["user_settings"], "dora": {"request_limit": -1}}},
        {**whole, "user_settings": {**whole["user_settings"], "dora": {"password": "canary" * 50}}},
        {**whole, "user_settings": {**whole["user_settings"], "do/ra": {"blocked": True}}},
        {**whole, "user_settings": {**whole["user_settings"], "x" * 101: {"blocked": True}}},
    ]
    for each in wrong:
        file.write_text(json.dumps(each))
        refused = await terminal.run("import", "seerrsync", str(file))

        assert refused.status == 1
        assert "Nothing was imported." in refused.out
        assert "canary" not in refused.out + refused.err
        assert await kept_of(usher) == (0, None, 0)


async def test_a_dry_run_tests_seerr_and_users_too(
    terminal: Terminal, usher: Estate, street: Street, tmp_path: Path
) -> None:
    file = tmp_path / "config.json"
    wrong = {"seerr": {"url": street.urls["seerr"], "api_key": "canary-wrong"}, "overseerr": None}
    file.write_text(json.dumps(old_config(street, **wrong, user_settings={"dora": {"request_limit": -1}})))
    refused = await terminal.run("import", "seerrsync", str(file), "--dry-run", "--json")

    items = {each["what"]: each for each in refused.json()["items"]}
    assert refused.status == 1
    assert [items[what]["outcome"] for what in ("Seerr", "user dora", "Plex")] == ["refused", "refused", "add"]
    assert "does not accept" in items["Seerr"]["reason"]
    assert "request_limit" in items["user dora"]["reason"]
    assert "canary" not in refused.out
    assert await kept_of(usher) == (0, None, 0)


async def test_what_is_set_for_a_user_already_is_left_alone(
    terminal: Terminal, usher: Estate, street: Street, tmp_path: Path
) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"user_settings": old_config(street)["user_settings"]}))
    await usher.put("/api/users/ANNA/settings", {"immune": True})
    done = await terminal.run("import", "seerrsync", str(file), "--json")

    assert done.status == 0, done.err
    assert [each["outcome"] for each in done.json()["items"]] == ["there", "added", "not imported"]
    assert await settings_of(usher) == {"ANNA": (False, True, None, False), "ben": (False, True, 5, True)}


@pytest.mark.parametrize("is_stopped", [True, False])
async def test_an_import_that_was_broken_off_is_ended_by_the_same_command(
    terminal: Terminal, usher: Estate, street: Street, tmp_path: Path, *, is_stopped: bool
) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps(old_config(street)))
    address = str(usher.house.http.base_url).rstrip("/")
    async with before(Secret(address)) as proxy:
        terminal.turn_to(f"http://127.0.0.1:{proxy.port}")
        usher.users.happens["anna"] = proxy.go_away if is_stopped else fail
        broken = await terminal.run("import", "seerrsync", str(file))
    terminal.turn_to(address)
    done = await terminal.run("import", "seerrsync", str(file), "--json")

    outcomes = [each["outcome"] for each in done.json()["items"]]
    assert (broken.status, done.status) == (1, 0), broken.err + done.err
    assert [broken.out.count(word) for word in (" added ", " failed ", " not tried ")] == [4, 1, 1], broken.out
    assert "Run the same command again" in broken.out
    assert (outcomes, done.json()["imported"]) == (["there"] * 5 + ["added"] + ["not imported"] * 3, True)
    assert await kept_of(usher) == (3, street.urls["seerr"], 2)
    assert "canary" not in broken.out + broken.err + done.out


async def fail() -> None:
    raise UnavailableError("the syncer stops")


async def test_users_settings_are_set_shown_and_cleared(terminal: Terminal, usher: Estate, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text(f"{USERS_PASSWORD}\n")
    made = await terminal.run("users", "settings", "set", "Zoë", "--immune", "--password-file", str(password))
    shown = await terminal.run("users", "settings", "show", "ZOË", "--json")
    listed = await terminal.run("users", "settings", "list")
    cleared = await terminal.run("users", "settings", "clear", "zoë")
    gone = await terminal.run("users", "settings", "show", "zoë")

    assert [each.status for each in (made, shown, listed, cleared, gone)] == [0, 0, 0, 0, 1], made.err
    assert (shown.json()["username"], shown.json()["immune"], shown.json()["has_password"]) == ("Zoë", True, True)
    assert "Zoë" in listed.out
    assert cleared.out == "Nothing is set for Zoë any more.\n"
    assert "nothing is set for 'zoë'" in gone.err
    assert await usher.users.vault.owners(kind="user") == []
    assert "canary" not in "".join(each.out + each.err for each in (made, shown, listed, cleared, gone))
