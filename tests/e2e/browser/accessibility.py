"""axe-core over a page."""

from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

_GRAVE: Final = {"serious", "critical"}
_OPTIONS: Final = {"resultTypes": ["violations"], "preload": False}  # the style sheet is there already


def findings(page: "Page") -> list[str]:
    """What axe-core finds serious or critical."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs requirements/browser.txt")
    violations = axe.Axe().run(page, options=_OPTIONS).response["violations"]
    return [
        f"{each['id']}: {each['help']} at {[node['target'] for node in each['nodes'][:5]]}"
        for each in violations
        if each["impact"] in _GRAVE
    ]
