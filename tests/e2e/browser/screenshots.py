"""Takes docs/screenshots/ anew, from a demo in which two people linked an account: `make screenshots`."""

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from playwright.sync_api import sync_playwright

from tests.demo import Demo
from tests.e2e.browser.populated import populate
from tests.e2e.browser.tab import PHONE, Tab

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FOLDER: Final = Path(__file__).parents[3] / "docs" / "screenshots"
LARGEST: Final = 150_000
LIGHT: Final = {"viewport": {"width": 1200, "height": 750}, "color_scheme": "light"}
SHOTS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "overview-light": ("/", LIGHT),
    "people-light": ("/people", LIGHT),
    "servers-light": ("/servers", LIGHT),
    "events-light": ("/events", LIGHT),
    "overview-dark": ("/", {**LIGHT, "color_scheme": "dark"}),
    "overview-phone": ("/", {"viewport": PHONE, "color_scheme": "light"}),
}


def take(browser: "Browser", demo: Demo) -> list[str]:
    """Take all of them, and return what is wrong with them."""
    wrong = []
    for name, (path, looks) in SHOTS.items():
        tab, target = Tab(browser, demo.url, **looks), FOLDER / f"{name}.png"
        tab.log_in()
        tab.open(path)
        tab.page.screenshot(path=target)
        tab.close()
        wrong += [f"{name}: {each}" for each in tab.wrong]
        if (size := target.stat().st_size) > LARGEST:
            wrong.append(f"{name} has {size} bytes")
    return wrong


def main() -> int:
    """Run the demo and take them; the exit status says whether all are as they should be."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="usher-screenshots-") as name:
        demo = Demo(Path(name), every_s=0)
        try:
            demo.wait()
            populate(demo)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
                wrong = take(browser, demo)
                browser.close()
        finally:
            demo.stop()
    sys.stdout.write("".join(f"{each}\n" for each in wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
