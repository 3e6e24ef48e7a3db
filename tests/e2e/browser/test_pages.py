"""Every page of the menu and every page linked from there, on a desktop and on a phone."""

import re
from urllib.parse import urlsplit

import pytest

from services.gateway.dashboard.navigation import ENTRIES
from tests.e2e.browser.accessibility import findings
from tests.e2e.browser.conftest import Opens
from tests.e2e.browser.tab import DESKTOP, PHONE, Tab

MENU = [entry.path for entry in ENTRIES]
LOADED = ["/overview/health", "/overview/watching", "/seerr/state"]  # by scripts, and pages where there are none
NO_PAGES = re.compile(r"/(?:api|assets|docs|posters)(?:/|$)")


def links(tab: Tab) -> list[str]:
    """The pages of ours that a page leads to."""
    found: list[str] = tab.page.eval_on_selector_all("a[href]:not([download])", "all => all.map(each => each.href)")
    ours = [urlsplit(each)._replace(fragment="").geturl() for each in found if each.startswith(f"{tab.base}/")]
    return [each for each in ours if not NO_PAGES.match(urlsplit(each).path)]


def kind(address: str) -> str:
    """What pages of the same kind have in common: the path without ids."""
    path = re.sub(r"^/servers/(?!add$)[^/]+", "/servers/*", urlsplit(address).path)
    return "/".join("*" if re.search(r"\d", part) else part for part in path.split("/"))


@pytest.mark.parametrize("path", [*MENU, *LOADED])
@pytest.mark.parametrize(
    "looks",
    [{"viewport": DESKTOP}, {"viewport": PHONE, "color_scheme": "dark", "has_touch": True}],
    ids=["desktop", "phone"],
)
def test_a_page_is_in_order(opens: Opens, path: str, looks: dict[str, object]) -> None:
    tab = opens(**looks)

    tab.open(path)

    assert re.fullmatch(r"\S.* · Usher", tab.page.title())
    assert tab.page.locator("h1").count() == 1
    problems = [*tab.wrong, *tab.too_wide(), *findings(tab.page)]
    assert not problems, "\n".join(problems)


def test_every_page_that_is_linked_is_in_order(opens: Opens) -> None:
    tab = opens(viewport=DESKTOP)
    waiting, seen, wrong = list(MENU), set(map(kind, MENU)), list[str]()
    while waiting:
        path = waiting.pop(0)
        tab.wrong.clear()
        tab.page.set_viewport_size(DESKTOP)
        tab.open(path)
        new = {kind(each): each for each in links(tab) if kind(each) not in seen}
        seen |= set(new)
        waiting += new.values()
        if path in MENU:  # looked at closely on its own
            continue
        found = findings(tab.page)
        tab.page.set_viewport_size(PHONE)
        wrong += [f"{path}: {each}" for each in [*tab.wrong, *found, *tab.too_wide()]]

    assert not wrong, "\n".join(wrong)
    assert {"/setup", "/account", "/people/*", "/servers/*", "/events/dead/*", "/users/edit"} <= seen


def test_what_is_wrong_is_found(opens: Opens) -> None:
    tab = opens(viewport=PHONE)
    tab.open("/account")

    tab.page.evaluate("""() => {
      document.querySelector("main").insertAdjacentHTML("beforeend", "<input><svg width=900></svg>");
      document.querySelector("h1").id = "main";
      console.error("something");
      setTimeout(() => { throw new Error("anything"); });
    }""")

    assert {each.split(":")[0] for each in findings(tab.page)} == {"label"}
    assert tab.too_wide()
    with tab.page.expect_event("requestfailed"):
        tab.page.evaluate("location = 'http://127.0.0.1:1/'")
    assert [each.split(":")[0] for each in tab.wrong] == ["console", "script", "asks another host"]
