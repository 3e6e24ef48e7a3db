import json
from pathlib import Path
from typing import Any

import pytest

from cli.import_seerrsync import describe_settings, not_imported, steps_of
from cli.seerrsync_file import LARGEST, OldConfig, read
from shared.errors import InvalidError

SERVER = {"name": "Plex", "type": "plex", "url": "http://10.0.0.1:32400", "token": "canary-token"}


def written(path: Path, content: Any) -> Path:
    file = path / "config.json"
    file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return file


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is not seerrsync's config.json"),
        (b"{", "is not seerrsync's config.json"),
        (b"\xff\xfe{}", "is not seerrsync's config.json"),
        (b"[" * 100_000, "is not seerrsync's config.json"),
        (b" " * (LARGEST + 1), "more than"),
        ([], "is not seerrsync's config.json"),
        ({}, "names no server and no Seerr"),
        ({"seerr": {"url": "http://x"}}, "names no server and no Seerr"),
        ({"media_servers": {"a": 1}}, "$.media_servers"),
        ({"media_servers": [{**SERVER, "type": "kodi"}]}, "$.media_servers[...].type"),
        ({"media_servers": [{**SERVER, "token": 5}]}, "$.media_servers[...].token"),
        ({"media_servers": [{"name": "Plex", "type": "plex"}]}, "missing required field"),
        ({"media_servers": [SERVER, {**SERVER, "name": " PLEX "}]}, "several servers called 'plex'"),
        ({"user_settings": {"anna": {"source_servers": ["Plex"]}}}, "names no server and no Seerr"),
        ({"user_settings": {"anna": {"blocked": "perhaps"}}}, "$.user_settings"),
        ({"user_settings": {"anna": {"immune": True}, " ANNA": {"blocked": True}}}, "several users called 'anna'"),
    ],
)
def test_a_file_that_is_something_else_is_refused_in_one_line(tmp_path: Path, content: Any, said: str) -> None:
    with pytest.raises(InvalidError) as refused:
        read(written(tmp_path, content))

    assert said in refused.value.detail.replace("[0]", "[...]")
    assert "canary" not in refused.value.detail
    assert "\n" not in refused.value.detail


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match="cannot be read"):
        read(tmp_path / "none.json")
    with pytest.raises(InvalidError, match="cannot be read"):
        read(tmp_path)


def test_what_the_tool_takes_for_granted_is_taken_for_granted(tmp_path: Path) -> None:
    old = read(written(tmp_path, b"\xef\xbb\xbf" + json.dumps({"media_servers": [SERVER], "newer": 1}).encode()))

    assert old.media_servers[0].server() == {
        **SERVER,
        "enabled": True,
        "password_suffix": None,
        "request_limit": None,
        "machine_identifier": None,
        "include_owner": True,
    }


def test_seerr_may_have_its_old_name(tmp_path: Path) -> None:
    found = read(written(tmp_path, {"seerr": {}, "overseerr": {"url": "http://x", "api_key": "k"}})).its_seerr

    assert found is not None
    assert found.url == "http://x"


def test_only_what_is_set_for_a_user_is_taken_over(tmp_path: Path) -> None:
    users = {
        "anna": {"blocked": False, "immune": True, "source_servers": ["Plex"]},
        "ben": {"blocked": False, "immune": None, "password": "", "source_servers": []},
        " Carl ": {"blocked": "true", "request_limit": "0", "password": "canary"},
        " anna ": {"source_servers": ["Plex"]},
    }
    old = read(written(tmp_path, {"user_settings": users}))

    assert old.users == {
        "anna": {"immune": True},
        "Carl": {"blocked": True, "password": "canary", "request_limit": 0},
    }
    assert [step.what for step in steps_of(old)] == ["user anna", "user Carl"]
    assert describe_settings(old.users["Carl"]) == "blocked, a password, request limit 0"
    assert [line.reason for line in not_imported(old)] == ["nothing is set for 2 of them"]


def test_what_is_left_out_is_counted_and_not_repeated() -> None:
    old = OldConfig(
        user_settings=json.loads("{}"),
        admin={"password": "canary"},
        sync_interval_minutes=90,
    )

    lines = not_imported(old)

    assert [line.what for line in lines] == ["admin", "sync_interval_minutes"]
    assert "USERS_SYNC_INTERVAL_HOURS=2" in lines[1].reason
    assert "canary" not in str(lines)
