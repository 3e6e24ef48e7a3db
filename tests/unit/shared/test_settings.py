"""Settings: where they are read from, and how bad ones are reported."""

import os
import socket
from pathlib import Path

import pytest

from shared.schemas.secret import Secret
from shared.settings import (
    ServiceSettings,
    SettingsError,
    UpstreamSettings,
    describe_variables,
    load,
    problems,
    unknown_variables,
)

GOOD = {"DATABASE_URL": "postgresql://u:canary-1@h/d", "NATS_URL": "nats://h", "USHER_ENCRYPTION_KEYS": "k:canary-2"}


def read(environ: dict[str, str], *, env_file: Path = Path("no-such-file")) -> ServiceSettings:
    return load(ServiceSettings, environ=environ, env_file=env_file)


def test_a_missing_variable_is_named_with_an_example() -> None:
    with pytest.raises(SettingsError, match=r"^DATABASE_URL is not set: expected a PostgreSQL address, for example"):
        read({})


def test_a_malformed_one_is_named_with_what_was_expected() -> None:
    with pytest.raises(SettingsError, match=r"^NATS_REPLICAS is 'many': expected how many .*, for example 1$"):
        read({**GOOD, "NATS_REPLICAS": "many"})


def test_a_value_out_of_range_is_malformed() -> None:
    with pytest.raises(SettingsError, match="USHER_MONITOR_PORT"):
        read({**GOOD, "USHER_MONITOR_PORT": "70000"})


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "0.0.0.0", "::", "::1", "fe80::1%eth0", "localhost", "nas.local", "1and1.example", "a_b"],  # noqa: S104
)
def test_a_host_is_a_name_or_an_address(host: str) -> None:
    assert read({**GOOD, "USHER_MONITOR_HOST": host}).usher_monitor_host == host


@pytest.mark.parametrize(
    "host", ["999.1.1.1", "256.0.0.1", "1.2.3", "12", "[::1]", "a b", "http://x", "x:80", "-", "."]
)
def test_what_can_be_no_host_is_malformed(host: str) -> None:
    with pytest.raises(SettingsError, match=r"^USHER_MONITOR_HOST is "):
        read({**GOOD, "USHER_MONITOR_HOST": host})


@pytest.mark.parametrize(
    ("name", "value", "example"),
    [
        ("DATABASE_URL", "mysql://u:canary-3@h/d", "postgresql://usher:password@127.0.0.1:5432/usher"),
        ("NATS_URL", "http://u:canary-3@h", "nats://127.0.0.1:4222"),
        ("NATS_URL", "nats://h,u:canary-3@h", "nats://127.0.0.1:4222"),
    ],
)
def test_a_secret_address_of_another_kind_is_malformed_and_not_repeated(name: str, value: str, example: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read({**GOOD, name: value})

    assert caught.value.detail.startswith(f"{name} is malformed: expected ")
    assert caught.value.detail.endswith(f"for example {example}")
    assert "canary" not in caught.value.detail


@pytest.mark.parametrize("value", ["nats://h", "tls://u:p@h:4222", "nats://a:4222, nats://b:4222"])
def test_nats_may_be_several_servers(value: str) -> None:
    assert read({**GOOD, "NATS_URL": value}).nats_url.reveal() == value


def test_a_stand_in_may_be_named_for_each_host_of_plex() -> None:
    names = {"PLEX_TV_URL", "PLEX_DISCOVER_URL", "PLEX_COMMUNITY_URL"}

    assert {
        name for name in describe_variables([UpstreamSettings]) if name.startswith("PLEX_") and name.endswith("_URL")
    } == names


def test_where_traces_go_is_an_address() -> None:
    with pytest.raises(SettingsError, match=r"^OTEL_EXPORTER_OTLP_ENDPOINT is 'collector': expected an OTLP address"):
        read({**GOOD, "OTEL_EXPORTER_OTLP_ENDPOINT": "collector"})


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"LOG_LEVEL=INFO\nGARBAGE LINE\n", r"\.env is malformed at line 2: expected lines of NAME=value"),
        (b"\xff\xfeL\x00", r"\.env cannot be read \(UnicodeDecodeError\): expected lines of NAME=value in UTF-8"),
    ],
)
def test_a_file_that_is_no_list_of_settings_is_reported(tmp_path: Path, content: bytes, says: str) -> None:
    file = tmp_path / ".env"
    file.write_bytes(content)

    with pytest.raises(SettingsError, match=says):
        read(GOOD, env_file=file)


def test_a_byte_order_mark_belongs_to_no_name(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes(b"\xef\xbb\xbfLOG_LEVEL=DEBUG\r\n")

    assert read(GOOD, env_file=file).log_level == "DEBUG"


def test_a_folder_of_the_file_s_name_counts_as_no_file(tmp_path: Path) -> None:
    assert read(GOOD, env_file=tmp_path).log_level == "INFO"


def test_an_empty_variable_counts_as_not_set() -> None:
    assert read({**GOOD, "LOG_LEVEL": ""}).log_level == "INFO"


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("LOG_LEVEL=DEBUG\nLOG_FORMAT=json\n")

    settings = read({**GOOD, "LOG_LEVEL": "ERROR"}, env_file=file)

    assert (settings.log_level, settings.log_format) == ("ERROR", "json")


def test_a_value_can_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "database_url"
    file.write_text("postgresql://from-a-file\n")
    environ = {**GOOD, "DATABASE_URL": "", "DATABASE_URL_FILE": str(file)}

    assert read(environ).database_url == Secret("postgresql://from-a-file")


def test_a_file_that_cannot_be_read_is_named() -> None:
    with pytest.raises(SettingsError, match=r"^NATS_URL_FILE names a file that cannot be read: /no/such \(FileNotF"):
        read({**GOOD, "NATS_URL": "", "NATS_URL_FILE": "/no/such"})


@pytest.fixture(params=["pipe", "device", "socket", "endless"])
def no_text(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Things in place of a file that would block or never end."""
    path = tmp_path / "odd"
    match request.param:
        case "pipe":
            os.mkfifo(path)
        case "device":
            path.symlink_to("/dev/zero")
        case "socket":
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(str(path))
        case _:
            with path.open("wb") as file:
                file.truncate(1 << 40)
    return path


def test_an_env_file_that_is_no_file_of_text_is_refused_in_one_line(no_text: Path) -> None:
    with pytest.raises(SettingsError, match=r"^the file \S+odd cannot be read \(.+\): expected lines of NAME=value"):
        read(GOOD, env_file=no_text)


def test_a_value_that_is_to_stand_in_no_file_of_text_is_refused_in_one_line(no_text: Path) -> None:
    with pytest.raises(SettingsError, match=r"^NATS_URL_FILE names a file that cannot be read: \S+odd \(.+\)$"):
        read({**GOOD, "NATS_URL": "", "NATS_URL_FILE": str(no_text)})


def test_credentials_that_are_no_file_of_text_are_refused_in_one_line(no_text: Path) -> None:
    with pytest.raises(SettingsError, match=r"^NATS_CREDENTIALS names a file that cannot be read: \S+odd \(.+\)$"):
        read({**GOOD, "NATS_CREDENTIALS": str(no_text)})


def test_a_value_that_is_to_stand_in_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^NATS_URL_FILE names .* \(it is not a regular file\)$"):
        read({**GOOD, "NATS_URL": "", "NATS_URL_FILE": str(tmp_path)})


def test_both_forms_at_once_are_refused() -> None:
    with pytest.raises(SettingsError, match="NATS_URL and NATS_URL_FILE are both set"):
        read({**GOOD, "NATS_URL_FILE": "/x"})


def test_secrets_are_not_shown() -> None:
    assert "canary" not in repr(read(GOOD))


def test_all_problems_can_be_told_at_once() -> None:
    environ = {**GOOD, "NATS_REPLICAS": "many", "LOG_LEVEL": "LOUD", "DATABASE_URL": ""}

    found = problems(ServiceSettings, environ=environ, env_file=Path("no-such-file"))

    assert [text.split(" ")[0] for text in found] == ["DATABASE_URL", "NATS_REPLICAS", "LOG_LEVEL"]


def test_what_is_given_otherwise_is_no_problem() -> None:
    environ = {**GOOD, "DATABASE_URL": ""}

    assert problems(ServiceSettings, environ=environ, env_file=Path("no-such-file"), given=["DATABASE_URL"]) == []


def test_a_misspelt_variable_is_noticed() -> None:
    environ = {"USHER_MONITOR_PROT": "1", "USHER_MONITOR_PORT_FILE": "x", "NATS_URI": "x", "HOME": "/"}

    found = unknown_variables([ServiceSettings], prefix="USHER_", environ=environ, env_file=Path("no-such-file"))

    assert found == ["USHER_MONITOR_PROT"]


def test_every_variable_can_be_explained_and_no_secret_has_a_default() -> None:
    lines = describe_variables([ServiceSettings])

    assert lines["NATS_REPLICAS"].endswith("1 alone or 3 on a cluster, for example 1 (default 1)")
    assert "default" not in lines["DATABASE_URL"]
    assert list(lines) == [field.upper() for field in ServiceSettings.__struct_fields__]
