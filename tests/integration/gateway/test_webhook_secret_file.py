"""The valid webhook secrets survive a restart as digests, and a broken file is no reason not to start."""

import stat
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from services.gateway.webhook_secrets import digest_file
from services.gateway.webhook_secrets.check import Match, SecretEntry, Secrets, digest

ENTRIES = [
    SecretEntry(id="every", digest=digest("one")),
    SecretEntry(id="plex-1", digest=digest("two"), source="plex", server="living-room"),
]


def test_what_was_saved_opens_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "spool" / "secrets.json"
    digest_file.save(path, [])
    digest_file.save(path, ENTRIES)

    loaded = digest_file.load(path)

    assert loaded == ENTRIES
    assert Secrets(loaded).check("plex", "two") == Match("plex-1", "living-room")


def test_the_file_holds_no_secret_and_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"

    digest_file.save(path, [SecretEntry(id="every", digest=digest("a-very-secret-value"))])

    assert b"a-very-secret-value" not in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["secrets.json"]


def test_no_file_means_no_secrets(tmp_path: Path) -> None:
    with capture_logs() as logs:
        assert digest_file.load(tmp_path / "secrets.json") == []

    assert logs == []


@pytest.mark.parametrize("content", [b"", b"[{", b'{"id":1}', b'[{"id":"x","digest":"%%%"}]', b"\xff\xfe"])
def test_a_broken_file_is_reported_and_means_no_secrets(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "secrets.json"
    path.write_bytes(content)

    with capture_logs() as logs:
        assert digest_file.load(path) == []

    assert [entry["event"] for entry in logs] == ["webhook_secrets_unreadable"]
