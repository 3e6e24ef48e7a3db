"""Logging in, the keyboard, light and dark, and a browser without scripts."""

from simulators.demo.__main__ import PASSWORD
from tests.e2e.browser.conftest import Opens
from tests.e2e.browser.tab import DESKTOP, PHONE, Tab


def ground(tab: Tab) -> str:
    return str(tab.page.evaluate("getComputedStyle(document.body).backgroundColor"))


def focused(tab: Tab) -> str:
    return str(tab.page.evaluate("document.activeElement.textContent.trim() || document.activeElement.id"))


def test_a_person_logs_in_and_out(opens: Opens) -> None:
    tab = opens(logged_in=False)

    tab.page.goto("/account")
    tab.page.fill("#f-username", "admin")
    tab.page.fill("#f-password", "not the password")
    tab.page.click("main button")
    tab.page.wait_for_selector("[role=alert]")
    kept = tab.page.input_value("#f-username")
    tab.page.fill("#f-password", PASSWORD)
    tab.page.click("main button")
    tab.page.wait_for_url("**/account")
    tab.page.click("form[action$='/logout'] button")
    tab.page.wait_for_url("**/login")

    assert kept == "admin"
    assert tab.page.inner_text("#notice")


def test_the_skip_link_is_first_and_leads_to_the_content(opens: Opens) -> None:
    tab = opens()
    tab.open("/")

    tab.page.keyboard.press("Tab")
    first = tab.page.locator(".skip:focus")
    is_seen = first.bounding_box()
    tab.page.keyboard.press("Enter")

    assert is_seen is not None
    assert is_seen["x"] >= 0
    assert tab.page.locator("main:focus").count() == 1


def test_the_menu_works_by_keyboard_on_a_phone(opens: Opens) -> None:
    tab = opens(viewport=PHONE)
    tab.open("/account")

    assert not tab.page.locator("nav a").first.is_visible()
    tab.page.locator(".menu summary").focus()
    tab.page.keyboard.press("Enter")
    tab.page.locator("nav a").first.wait_for(state="visible")
    tab.page.keyboard.press("Tab")
    outline = tab.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_url(f"{tab.base}/")

    assert outline == "solid"
    assert tab.page.locator("nav [aria-current=page]").count() == 1


def test_all_entries_of_the_menu_are_reached_by_keyboard_on_a_desktop(opens: Opens) -> None:
    tab = opens(viewport=DESKTOP)
    tab.open("/account")
    names = tab.page.locator("nav a").all_inner_texts()
    reached = []

    tab.page.locator(".brand").focus()
    for _ in names:
        tab.page.keyboard.press("Tab")
        reached.append(focused(tab))

    assert reached == names


def test_light_and_dark_follow_the_system_until_a_person_chooses(opens: Opens) -> None:
    light, dark = opens(color_scheme="light"), opens(color_scheme="dark")
    for tab in (light, dark):
        tab.open("/account")
    by_system = ground(light), ground(dark)

    dark.page.click("button[value=light]")
    dark.page.wait_for_selector("html[data-theme=light]")

    assert by_system == ("rgb(246, 246, 249)", "rgb(19, 19, 24)")
    assert ground(dark) == ground(light)


def test_forms_work_without_scripts(opens: Opens) -> None:
    tab = opens(logged_in=False, java_script_enabled=False, viewport=PHONE)

    tab.page.goto("/account")
    tab.page.fill("#f-username", "admin")
    tab.page.fill("#f-password", PASSWORD)
    tab.page.click("main button")
    tab.page.wait_for_url("**/account")
    tab.page.click("button[value=dark]")
    tab.page.wait_for_selector("html[data-theme=dark]")
    tab.page.click(".menu summary")
    tab.page.click("form[action$='/logout'] button")

    tab.page.wait_for_url("**/login")
    assert tab.wrong == []
