"""`deploy/make-env`: the secrets that compose starts with."""

import base64
import subprocess
from pathlib import Path

import dotenv
import pytest

from tests.e2e.compose import ROOT

SECRETS = {
    "POSTGRES_PASSWORD",
    "NATS_PASSWORD",
    "USHER_ENCRYPTION_KEYS",
    "USHER_ADMIN_PASSWORD",
    "USHER_API_KEY",
    "USHER_WEBHOOK_SECRET",
    "PLEX_CLIENT_ID",
}


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    return tmp_path / ".env"


def make(env_file: Path) -> str:
    return subprocess.run(
        ["sh", ROOT / "deploy" / "make-env", env_file], check=True, capture_output=True, text=True
    ).stdout


def values(env_file: Path) -> dict[str, str]:
    return {name: value or "" for name, value in dotenv.dotenv_values(env_file).items()}


def test_a_new_file_has_every_secret_and_only_its_owner_reads_it(env_file: Path) -> None:
    make(env_file)

    made = values(env_file)
    assert set(made) == SECRETS
    assert len(set(made.values())) == len(SECRETS)
    assert env_file.stat().st_mode & 0o777 == 0o600
    key_id, _, key = made["USHER_ENCRYPTION_KEYS"].partition(":")
    assert (key_id, len(base64.b64decode(key, validate=True))) == ("k1", 32)


def test_passwords_need_no_quoting_in_an_address(env_file: Path) -> None:
    make(env_file)

    made = values(env_file)
    assert made["POSTGRES_PASSWORD"].isalnum()
    assert made["NATS_PASSWORD"].isalnum()


def test_no_value_is_printed(env_file: Path) -> None:
    said = make(env_file)

    assert "USHER_API_KEY" in said
    assert not [value for value in values(env_file).values() if value in said]


def test_a_second_time_changes_nothing_and_says_nothing(env_file: Path) -> None:
    make(env_file)
    before = env_file.read_bytes()

    said = make(env_file)

    assert (said, env_file.read_bytes()) == ("", before)


def test_what_is_there_stays_and_what_is_empty_is_filled(env_file: Path) -> None:
    env_file.write_text("# mine\nNATS_PASSWORD=\nexport USHER_API_KEY=mine\nUSHER_PORT=8080", encoding="utf-8")
    env_file.chmod(0o644)

    make(env_file)

    made = values(env_file)
    assert (made["USHER_API_KEY"], made["USHER_PORT"]) == ("mine", "8080")
    assert len(made["NATS_PASSWORD"]) == 48
    assert env_file.read_text(encoding="utf-8").startswith("# mine\n")
    assert env_file.stat().st_mode & 0o777 == 0o600


def test_what_is_kept_in_a_file_of_its_own_is_not_made(env_file: Path) -> None:
    env_file.write_text("USHER_ENCRYPTION_KEYS_FILE=/run/secrets/encryption_keys\n", encoding="utf-8")

    make(env_file)

    made = values(env_file)
    assert set(made) == SECRETS - {"USHER_ENCRYPTION_KEYS"} | {"USHER_ENCRYPTION_KEYS_FILE"}


def test_what_compose_itself_needs_is_made_whatever_files_are_named(env_file: Path) -> None:
    env_file.write_text("POSTGRES_PASSWORD_FILE=/run/secrets/postgres\n", encoding="utf-8")

    make(env_file)

    assert values(env_file).keys() >= SECRETS


def test_two_installations_share_no_secret(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"

    make(first)
    make(second)

    assert not set(values(first).values()) & set(values(second).values())
