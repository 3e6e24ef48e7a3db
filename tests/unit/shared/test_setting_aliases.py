"""Variables that are also read by the name that another tool gave them."""

from pathlib import Path

import pytest

from services.gateway.settings import Settings
from shared.settings import SettingsError, UpstreamSettings, aliases, describe_variables, load

NOWHERE = Path("no-such-file")
GATEWAY = {"DATABASE_URL": "postgresql://h/d", "NATS_URL": "nats://h", "USHER_ENCRYPTION_KEYS": "k:x"}


def read(environ: dict[str, str], *, env_file: Path = NOWHERE) -> UpstreamSettings:
    return load(UpstreamSettings, environ=environ, env_file=env_file)


def test_the_names_of_the_discord_bot_are_read() -> None:
    found = read({"OVERSEERR_URL": "http://seerr:5055", "OVERSEERR_API_KEY": "canary"})

    assert (found.seerr_url, found.seerr_api_key.reveal()) == ("http://seerr:5055", "canary")


def test_the_name_of_the_wishlist_service_is_read() -> None:
    found = load(Settings, environ={**GATEWAY, "API_KEY": "k" * 16}, env_file=NOWHERE)

    assert found.usher_api_key.reveal() == "k" * 16


def test_an_alias_is_read_from_a_file_too(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("canary\n", encoding="utf-8")

    assert read({"OVERSEERR_API_KEY_FILE": str(file)}).seerr_api_key.reveal() == "canary"


def test_the_env_file_of_another_tool_can_be_kept(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("OVERSEERR_URL=http://seerr:5055\n", encoding="utf-8")

    assert read({}, env_file=file).seerr_url == "http://seerr:5055"


@pytest.mark.parametrize("suffix", ["", "_FILE"])
def test_the_proper_name_wins_and_the_alias_is_not_even_looked_at(suffix: str) -> None:
    environ = {"SEERR_API_KEY": "own", f"OVERSEERR_API_KEY{suffix}": "/no/such"}

    assert read(environ).seerr_api_key.reveal() == "own"


def test_a_proper_name_that_is_blank_counts_as_not_set() -> None:
    assert read({"SEERR_URL": " ", "OVERSEERR_URL": "http://seerr:5055"}).seerr_url == "http://seerr:5055"


def test_what_is_wrong_is_said_of_the_name_that_was_used() -> None:
    with pytest.raises(SettingsError, match=r"^OVERSEERR_URL is 'seerr': expected the http or https address of Seerr"):
        read({"OVERSEERR_URL": "seerr"})
    with pytest.raises(SettingsError, match=r"^API_KEY is too short"):
        load(Settings, environ={**GATEWAY, "API_KEY": "canary"}, env_file=NOWHERE)


def test_each_alias_that_is_set_is_told_with_whether_it_counts() -> None:
    environ = {"OVERSEERR_URL": "http://a", "SEERR_URL": "http://b", "API_KEY_FILE": "/x"}

    assert aliases(environ=environ, env_file=NOWHERE) == {"OVERSEERR_URL": False, "API_KEY": True}


def test_the_manual_names_them() -> None:
    assert "also read as OVERSEERR_URL" in describe_variables([UpstreamSettings])["SEERR_URL"]
