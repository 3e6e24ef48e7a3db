"""One Chromium and one demo for the whole run; the demo's people have watched something, and now nothing happens."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.demo import Demo
from tests.e2e.browser.populated import populate
from tests.e2e.browser.tab import Tab

if TYPE_CHECKING:
    from playwright.sync_api import Browser

Opens = Callable[..., Tab]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")


@pytest.fixture(scope="session")
def program() -> str:
    """Debian's Chromium."""
    pytest.importorskip("playwright.sync_api", reason="needs requirements/browser.txt")
    return shutil.which("chromium") or pytest.skip("needs Debian's chromium")


@pytest.fixture(scope="session")
def town(program: str) -> Iterator[Demo]:
    with tempfile.TemporaryDirectory(prefix="usher-test-browser-") as name:
        demo = Demo(Path(name), every_s=0)
        try:
            demo.wait()
            populate(demo)
            yield demo
        finally:
            demo.stop()


@pytest.fixture(scope="session")
def chromium(program: str, town: Demo) -> Iterator["Browser"]:
    """Started after the town: while it runs, nothing else here can run an event loop."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=program)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def session(chromium: "Browser", town: Demo) -> Any:
    """The admin's session, begun once."""
    tab = Tab(chromium, town.url)
    tab.log_in()
    state = tab.state()
    tab.close()
    return state


@pytest.fixture
def opens(chromium: "Browser", town: Demo, session: Any) -> Iterator[Opens]:
    """Opens tabs in which the admin is logged in, or nobody."""
    tabs: list[Tab] = []

    def open_tab(*, logged_in: bool = True, **context: Any) -> Tab:
        tab = Tab(chromium, town.url, **context, **({"storage_state": session} if logged_in else {}))
        tabs.append(tab)
        return tab

    yield open_tab
    for tab in tabs:
        tab.close()
