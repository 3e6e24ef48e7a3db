"""Every command in the documentation exists, with its options."""

import re
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pytest
from typer.main import get_command

from cli.__main__ import COMMANDS, MODULES

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
TYPED: Final = re.compile(r"(?:^|`|/bin/)usher ([a-z][^`\n#]*)", re.MULTILINE)
ALL: Final = re.compile(r"-{2}[a-z-]+")


def unknown(line: str) -> str:
    """Return the parts of a line that `usher` does not know; empty if it knows all."""
    name, *words = line.split()
    if name not in COMMANDS:
        return name
    command: Any = get_command(import_module(f"cli.{MODULES.get(name, name)}").app)
    while (inner := getattr(command, "commands", None)) is not None and words and not words[0].startswith("-"):
        if words[0] not in inner:
            return f"{name} {words[0]}"
        command = inner[words.pop(0)]
    options = {"--help", *(flag for each in command.params for flag in (*each.opts, *each.secondary_opts))}
    return " ".join(flag for flag in ALL.findall(" ".join(words)) if flag not in options)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_commands_of_a_page_are_there(page: Path) -> None:
    lines = TYPED.findall(page.read_text(encoding="utf-8"))

    assert [(line, what) for line in lines if (what := unknown(line))] == []


def test_what_is_no_command_is_found() -> None:
    lines = ("fly", "people fly", "people claim plex s 9 --fly", "people claim plex s 9 --name Anna", "run --help")

    assert [unknown(line) for line in lines] == ["fly", "people fly", "--fly", "", ""]
