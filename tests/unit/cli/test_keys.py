"""`usher keys` as far as it needs no database."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.keys import KeySettings, app, complete_settings
from shared.keyring import Keyring
from shared.schemas.secret import Secret
from shared.settings import SettingsError

RUNNER = CliRunner()


def test_generate_prints_one_key_and_nothing_else() -> None:
    result = RUNNER.invoke(app, ["generate"])

    assert result.exit_code == 0
    assert re.fullmatch(r"k20[0-9]{6}[0-9a-f]{4}:[A-Za-z0-9+/]{43}=\n", result.stdout)
    assert len(Keyring.parse(Secret(result.stdout)).ids) == 1


def test_generate_prints_json_where_asked() -> None:
    result = RUNNER.invoke(app, ["generate", "--json"])

    printed = json.loads(result.stdout)
    assert list(printed) == ["key"]
    assert len(Keyring.parse(Secret(printed["key"])).ids) == 1


def test_generated_keys_differ() -> None:
    assert len({RUNNER.invoke(app, ["generate"]).stdout for _ in range(20)}) == 20


@pytest.mark.parametrize(
    "arguments", [["rotate", "--batch", "0"], ["rotate", "--batch", "many"], ["status", "more"], ["burn"], []]
)
def test_wrong_use_ends_with_two(arguments: list[str]) -> None:
    assert RUNNER.invoke(app, arguments).exit_code == 2


def started(folder: Path) -> Path:
    for path, text in (("run/database_url", "postgresql:///kept\n"), ("secrets/encryption_keys", "k1:kept\n")):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def test_what_usher_run_keeps_is_found(tmp_path: Path) -> None:
    settings = complete_settings(KeySettings(), started(tmp_path))

    assert settings.database_url == Secret("postgresql:///kept")
    assert settings.usher_encryption_keys == Secret("k1:kept")


def test_what_is_set_comes_first(tmp_path: Path) -> None:
    given = KeySettings(database_url=Secret("postgresql:///given"), usher_encryption_keys=Secret("k2:given"))

    found = complete_settings(given, started(tmp_path))

    assert found.database_url == given.database_url
    assert found.usher_encryption_keys.reveal().startswith("k2:given,")


def test_settings_without_a_folder_are_enough(tmp_path: Path) -> None:
    given = KeySettings(database_url=Secret("postgresql:///given"), usher_encryption_keys=Secret("k2:given"))

    assert complete_settings(given, tmp_path / "nowhere") == given


def test_a_folder_where_usher_never_ran_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        complete_settings(KeySettings(), tmp_path)

    assert "DATABASE_URL is not set and Usher has never been started with its data in" in refused.value.detail
    assert str(tmp_path) in refused.value.detail


def test_an_empty_file_is_no_start(tmp_path: Path) -> None:
    (started(tmp_path) / "secrets/encryption_keys").write_text("\n")

    with pytest.raises(SettingsError, match="USHER_ENCRYPTION_KEYS is not set"):
        complete_settings(KeySettings(), tmp_path)


def test_an_unreadable_file_is_told(tmp_path: Path) -> None:
    (started(tmp_path) / "run/database_url").write_bytes(b"\xff")

    with pytest.raises(SettingsError, match="cannot be read"):
        complete_settings(KeySettings(), tmp_path)
