"""One version: pyproject.toml says it, the installation has it, the changelog tells what came with it."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
FIRST: Final = "0.1.0"
"""What a changelog is about that names no version yet."""


def test_what_is_installed_is_the_version_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

    assert project["project"]["version"] == version("usher"), "install it again: make test"


def test_the_newest_version_of_the_changelog_is_the_one_installed() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    newest, *_ = [*re.findall(r"^## \[?(\d+\.\d+\.\d+)\b", changelog, re.MULTILINE), FIRST]
    assert newest == version("usher")


def test_the_command_says_its_version() -> None:
    shown = subprocess.run([sys.executable, "-m", "cli", "--version"], check=True, capture_output=True, text=True)

    assert shown.stdout == f"usher {version('usher')}\n"
