"""The linker's settings."""

from pathlib import Path

import pytest

from services.linker.settings import Settings
from shared.settings import SettingsError, load

GOOD = {"DATABASE_URL": "postgresql://h/d", "NATS_URL": "nats://h", "USHER_ENCRYPTION_KEYS": "k:x"}


def read(**environ: str) -> Settings:
    return load(Settings, environ={**GOOD, **environ}, env_file=Path("no-such-file"))


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({"USHER_HOST": "::1"}, "http://[::1]:8000"),
        ({"USHER_PUBLIC_URL": "https://usher.example/"}, "https://usher.example"),
    ],
)
def test_people_come_back_to_where_the_gateway_is(environ: dict[str, str], url: str) -> None:
    assert read(**environ).public_url == url


def test_what_can_be_no_host_is_malformed_as_for_the_gateway() -> None:
    with pytest.raises(SettingsError, match=r"^USHER_HOST is '999\.1\.1\.1': expected the gateway's address"):
        read(USHER_HOST="999.1.1.1")
