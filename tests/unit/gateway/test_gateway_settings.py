"""The gateway's settings."""

from pathlib import Path

import pytest

from services.gateway.bootstrap import GeneratedCredentials, banner
from services.gateway.settings import Settings
from shared.schemas.secret import Secret
from shared.settings import SettingsError, load

GOOD = {"DATABASE_URL": "postgresql://h/d", "NATS_URL": "nats://h", "USHER_ENCRYPTION_KEYS": "k:x"}


def read(**environ: str) -> Settings:
    return load(Settings, environ={**GOOD, **environ}, env_file=Path("no-such-file"))


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"USHER_HOST": "0.0.0.0", "USHER_PORT": "80"}, "http://127.0.0.1:80"),  # noqa: S104
        ({"USHER_HOST": "::1"}, "http://[::1]:8000"),
        ({"USHER_PUBLIC_URL": "https://usher.example/"}, "https://usher.example"),
    ],
)
def test_the_public_address_follows_from_host_and_port(environ: dict[str, str], url: str) -> None:
    assert read(**environ).public_url == url


@pytest.mark.parametrize("name", ["USHER_ADMIN_PASSWORD", "USHER_API_KEY", "USHER_WEBHOOK_SECRET"])
def test_a_secret_that_is_too_short_is_refused_and_not_repeated(name: str) -> None:
    with pytest.raises(SettingsError, match=rf"^{name} is too short: expected .* of at least") as caught:
        read(**{name: "canary"})

    assert "canary" not in str(caught.value)


def test_a_switch_is_on_or_off() -> None:
    with pytest.raises(SettingsError, match="USHER_SPOOL is 'maybe': expected on or off"):
        read(USHER_SPOOL="maybe")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DISCORD_PUBLIC_KEY", "ab" * 31),
        ("DISCORD_PUBLIC_KEY", "zz" * 32),
        ("DISCORD_APPLICATION_ID", "usher"),
    ],
)
def test_what_can_be_no_id_of_discords_is_refused(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name} is '{value}': expected"):
        read(**{name: value})


def test_the_banner_shows_what_was_generated_and_nothing_that_was_given() -> None:
    config = read(USHER_ADMIN_PASSWORD="a-given-password")
    generated = GeneratedCredentials(api_key=Secret("usha_new"), webhook_secret=Secret("ushw_new"))

    text = banner(generated, config)

    assert "usha_new" in text
    assert "http://127.0.0.1:8000/webhooks/plex?token=ushw_new" in text
    assert "Password" not in text
    assert "a-given-password" not in text
