"""Is this version of Seerr safe to run?"""

import re
from typing import Final

from cli.checks.finding import Finding, warn

SAFE: Final = (3, 4, 0)
_VERSION: Final = re.compile(r"v?([0-9]{1,4})\.([0-9]{1,4})(?:\.([0-9]{1,4}))?(?:[.+-].*)?", re.ASCII)


def check_seerr_version(version: object) -> list[Finding]:
    """Warn below 3.4.0, which closed a security hole; builds between releases (`develop-…`) have no number."""
    match = _VERSION.fullmatch(version.strip()) if isinstance(version, str) else None
    if match is None or tuple(int(part or 0) for part in match.groups()) >= SAFE:
        return []
    said = ".".join(part for part in match.groups() if part)
    text = f"it is {said}: below 3.4.0, a request can read and write files and so run code (GHSA-mc6w-69r3-62h8)"
    return [warn("Seerr version", text, "update it to Seerr 3.4.0 or newer")]
