"""Takes docs/screenshots/ anew, from a demo in which two people linked an account: `make screenshots`."""

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from playwright.sync_api import sync_playwright

from tests.demo import Demo, until
from tests.e2e.browser.tab import DESKTOP, PHONE, Tab

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FOLDER: Final = Path(__file__).parents[3] / "docs" / "screenshots"
LARGEST: Final = 150_000
LIGHT: Final = {"viewport": DESKTOP, "color_scheme": "light"}
SHOTS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "overview-light": ("/", LIGHT),
    "people-light": ("/people", LIGHT),
    "servers-light": ("/servers", LIGHT),
    "events-light": ("/events", LIGHT),
    "overview-dark": ("/", {**LIGHT, "color_scheme": "dark"}),
    "overview-phone": ("/", {"viewport": PHONE, "color_scheme": "light"}),
}


def link(demo: Demo, person: str) -> None:
    """Let somebody sign in with Plex."""
    pin = demo.usher("/api/integrations/plex/auth/pin", {})
    demo.stage("/plex/claim", {"person": person, "code": pin["short_code"]})
    until(lambda: _is_linked(demo, pin["pin_id"]))


def _is_linked(demo: Demo, pin_id: str) -> bool:
    return bool(demo.usher("/api/integrations/plex/auth/check", {"pin_id": pin_id})["state"] == "authorized")


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
    with tempfile.TemporaryDirectory(prefix="usher-screenshots-") as name, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        demo = Demo(Path(name), every_s=0)
        try:
            demo.wait()
            for person in ("jonas", "priya"):
                link(demo, person)
            wrong = take(browser, demo)
        finally:
            demo.stop()
            browser.close()
    sys.stdout.write("".join(f"{each}\n" for each in wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
