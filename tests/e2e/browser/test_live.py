"""What happens is shown without a reload, and a stream that breaks comes back."""

import re
from http import HTTPStatus

import pytest

from tests.demo import Demo, until
from tests.e2e.browser.accessibility import findings
from tests.e2e.browser.conftest import Opens
from tests.e2e.browser.populated import tell
from tests.e2e.browser.tab import PHONE

STREAM = re.compile(r"/api/events/stream")


def send(town: Demo, name: str) -> None:
    """Let Jellyfin tell of something."""
    payload = b'{"NotificationType": "%s", "ItemType": "Movie", "Name": "Anything"}' % name.encode()
    assert tell(town, payload) == HTTPStatus.ACCEPTED


def is_listed(town: Demo, name: str) -> bool:
    return any(each["event"] == name for each in town.usher("/api/events?limit=5")["items"])


@pytest.mark.parametrize("path", ["/", "/events"])
def test_a_webhook_appears_without_a_reload(opens: Opens, town: Demo, path: str) -> None:
    tab, name = opens(), f"Seen{len(path)}"
    with tab.page.expect_response(STREAM):
        tab.open(path)
    tab.page.evaluate("window.isTheSame = true")

    send(town, name)

    tab.page.get_by_text(name).first.wait_for()
    assert tab.page.evaluate("window.isTheSame")
    assert tab.wrong == []


def test_who_walks_by_keyboard_stays_on_their_link(opens: Opens, town: Demo) -> None:
    tab = opens()
    send(town, "Before")
    until(lambda: is_listed(town, "Before"))
    with tab.page.expect_response(STREAM):
        tab.open("/events")
    tab.page.get_by_role("link", name="Before").first.focus()
    link = tab.page.evaluate("document.activeElement.href")

    send(town, "Afterwards")

    tab.page.get_by_text("Afterwards").first.wait_for()
    tab.page.wait_for_function("link => document.activeElement.href === link", arg=link)


def test_a_stream_that_cannot_be_reached_is_told_and_comes_back(opens: Opens, town: Demo) -> None:
    tab = opens()
    tab.page.route(STREAM, lambda route: route.abort("connectionreset"))
    tab.open("/")
    tab.page.wait_for_selector("#offline", state="visible")
    send(town, "Missed")
    until(lambda: is_listed(town, "Missed"))

    tab.page.unroute(STREAM)

    tab.page.wait_for_selector("#offline", state="hidden")
    tab.page.get_by_text("Missed").first.wait_for()


def test_a_page_outlives_the_gateway(opens: Opens, town: Demo) -> None:
    tab = opens()
    with tab.page.expect_response(STREAM):
        tab.open("/")

    town.kill("services.gateway")

    tab.page.wait_for_selector("#offline", state="visible")
    tab.page.wait_for_selector("#offline", state="hidden")
    until(town.is_well)
    send(town, "Afterwards")
    tab.page.get_by_text("Afterwards").first.wait_for()


def test_a_session_that_ends_leads_to_the_login(opens: Opens, town: Demo) -> None:
    tab = opens()
    with tab.page.expect_response(STREAM):
        tab.open("/")
    tab.page.context.clear_cookies()

    send(town, "Unseen")

    tab.page.wait_for_selector("form[action$='/login']")


def test_the_page_of_a_sign_in_notices_that_it_is_done(opens: Opens, town: Demo) -> None:
    tab = opens(viewport=PHONE)
    tab.open("/integrations")
    tab.page.click("form[action$='/plex/sign-in'] button")
    code = tab.page.inner_text(".code")
    problems = [*tab.wrong, *tab.too_wide(), *findings(tab.page)]

    town.stage("/plex/claim", {"person": "wei", "code": code})

    tab.page.locator(".code").wait_for(state="detached")
    tab.page.get_by_text("wei").first.wait_for()
    assert not problems, "\n".join(problems)
