"""Every user setting is in the documentation, and compose passes it on."""

import re
from pathlib import Path
from typing import Any, Final, get_type_hints

import pytest
import yaml

from cli.settings import KINDS, SERVICES
from shared import settings
from shared.schemas.secret import Secret
from shared.settings import ServiceSettings, UpstreamSettings

ROOT: Final = Path(__file__).parents[2]
KNOWN: Final = set(settings.describe_variables(KINDS))
ALIASES: Final = settings.ALIASES
FIXED: Final = {
    "DATABASE_URL": "compose runs the server",
    "NATS_URL": "compose runs the server",
    "NATS_CREDENTIALS": "that server wants a password",
    "USHER_HOST": "the image sets it",
    "USHER_PORT": "the port outside; inside the image sets it",
    "USHER_DATA_DIR": "the image sets it",
    "USHER_MONITOR_HOST": "the health checks ask there",
    "USHER_MONITOR_PORT": "the health checks ask there",
    "USHER_LOCAL_API_KEY": "made by `usher run`",
}
SECRETS: Final = {name.upper() for kind in KINDS for name, hint in get_type_hints(kind).items() if hint is Secret}
NO_SETTINGS: Final = {"POSTGRES_PASSWORD", "NATS_PASSWORD", "USHER_PORT"}
"""What compose puts into addresses."""


def environment(service: str) -> dict[str, Any]:
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    found: dict[str, Any] = compose["services"][service]["environment"]
    return found


def test_the_documentation_lists_every_setting_and_no_other() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]

    assert {name for row in rows for name in re.findall(r"`([A-Z0-9_]+)`", row)} == KNOWN


def test_the_documentation_lists_the_names_of_other_tools() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| the .+ \| `([A-Z_]+)` \| `([A-Z_]+)` \|$", text, re.MULTILINE)

    assert {own: alias for alias, own in rows} == ALIASES


def test_the_documentation_says_the_defaults() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    defaults = {default for line in text.splitlines() if line.startswith("| `") for default in line.split("|")[2:3]}
    said = {each for default in defaults for each in re.findall(r"`([^`]+)`", default)}

    for name, line in settings.describe_variables(KINDS).items():
        default = re.search(r"\(default (.+)\)$", line)
        assert default is None or default[1] in said, name


@pytest.mark.parametrize("service", SERVICES)
def test_compose_lets_through_what_a_service_reads(service: str) -> None:
    given = environment(service)

    kinds = KINDS if service == "gateway" else (ServiceSettings, UpstreamSettings)
    names = set(settings.describe_variables(kinds)) - set(FIXED)
    for name in names | {ALIASES[name] for name in names & set(ALIASES)}:
        assert given.get(name, "").startswith(f"${{{name}:-"), name


@pytest.mark.parametrize("service", SERVICES)
def test_compose_lets_through_what_is_secret_as_a_file_too(service: str) -> None:
    given = environment(service)

    named = {name.removesuffix("_FILE"): value for name, value in given.items() if name.endswith("_FILE")}
    secrets = (SECRETS & set(given)) - set(FIXED)
    assert set(named) == secrets | {ALIASES[name] for name in secrets & set(ALIASES)}
    assert named == {name: f"${{{name}_FILE:-}}" for name in named}


@pytest.mark.parametrize("service", SERVICES)
def test_compose_speaks_of_no_variable_that_is_none(service: str) -> None:
    given = environment(service)

    known = KNOWN | set(ALIASES.values())
    known |= {f"{name}_FILE" for name in SECRETS | {ALIASES[name] for name in SECRETS & set(ALIASES)}}
    assert set(given) <= known
    assert {name for value in given.values() for name in re.findall(r"\$\{([A-Z0-9_]+)", value)} <= known | NO_SETTINGS


def test_what_compose_fixes_is_a_setting() -> None:
    assert set(FIXED) <= KNOWN
