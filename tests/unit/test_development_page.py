"""docs/development.md leads people through the tree: what it names is there."""

import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "development.md"
IN_BACKTICKS: Final = re.compile(r"`((?:bench|cli|docs|services|shared|simulators|tests)/[^`]*)`")
LINKS: Final = re.compile(r"\]\(([^):#]+\.md)\)")
PATHS: Final = [path for path in sorted(set(IN_BACKTICKS.findall(PAGE.read_text()))) if not {"<", "…"} & set(path)]


@pytest.mark.parametrize("path", PATHS)
def test_a_path_on_the_page_is_in_the_tree(path: str) -> None:
    assert list(ROOT.glob(path.rstrip("/")))


@pytest.mark.parametrize("link", sorted(set(LINKS.findall(PAGE.read_text()))))
def test_a_link_on_the_page_leads_to_a_page(link: str) -> None:
    assert (PAGE.parent / link).is_file()


def test_the_page_names_paths() -> None:
    assert PATHS
