"""What Usher is built on: the installed packages that it needs, with their licences."""

import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution

import msgspec

_NAME = re.compile(r"[A-Za-z0-9._-]+")
_LONGEST = 80
_FIELDS = ("License-Expression", "License")


class Package(msgspec.Struct, frozen=True):
    """An installed package."""

    name: str
    version: str
    licence: str


def installed_packages() -> list[Package]:
    """Return the packages that Usher needs, by name, as far as they are installed."""
    found: dict[str, Package] = {}
    waiting = ["usher"]
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name in found:
            continue
        try:
            package = distribution(name)
        except PackageNotFoundError:
            continue  # of another platform, or of an extra that is not installed
        found[name] = Package(package.metadata["Name"], package.version, _licence(package))
        waiting += [
            match[0] for each in package.requires or () if "extra ==" not in each and (match := _NAME.match(each))
        ]
    return sorted((each for name, each in found.items() if name != "usher"), key=lambda each: each.name.lower())


def _licence(package: Distribution) -> str:
    given = next((text for name in _FIELDS for text in package.metadata.get_all(name) or ()), "")
    classified = [
        each.rpartition(" :: ")[2]
        for each in package.metadata.get_all("Classifier") or ()
        if each.startswith("License ::")
    ]
    text = given.splitlines()[0] if given.strip() else ""
    return text if text and len(text) <= _LONGEST else ", ".join(classified) or "?"
