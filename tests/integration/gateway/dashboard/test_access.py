"""Who may open which page: every page, every scope, in both directions of a form."""

import itertools
from typing import Final

import pytest

from services.gateway.access.scopes import LADDER, Scope
from services.gateway.dashboard import router
from services.gateway.dashboard.navigation import ENTRIES
from shared.bus.connection import Bus
from shared.postgres.pool import Pool
from shared.schemas.people import FindPerson, Person
from shared.schemas.question import Answer
from tests.integration.gateway.dashboard.browser import Browser, browsing
from tests.integration.gateway.house import House
from tests.integration.gateway.test_access import Route, routes
from tests.integration.service import answering

GUARDED: Final = sorted(routes(router.PAGES), key=lambda route: route.key)
OPEN: Final = {("GET", "/login"), ("POST", "/login"), ("GET", "/login/plex"), ("POST", "/login/plex")}
OF_A_PERSON: Final = {
    ("GET", ""),
    ("GET", "/account"),
    ("GET", "/people/{person_id}"),
    ("GET", "/history"),
    ("GET", "/history/counts"),
    ("GET", "/integrations"),
    ("GET", "/integrations/{provider}/connect"),
    ("GET", "/integrations/{provider}/disconnect"),
    ("GET", "/integrations/{provider}/sign-in/{pin_id}"),
    ("POST", "/account/password"),
    ("POST", "/integrations/{provider}/connect"),
    ("POST", "/integrations/{provider}/disconnect"),
    ("POST", "/integrations/{provider}/sign-in"),
    ("POST", "/integrations/{provider}/sign-in/{pin_id}/cancel"),
    ("POST", "/logout"),
    ("POST", "/theme"),
}
"""All that the scope `self` opens: a page is added to it on purpose, with a test that it shows nobody else's rows."""
REFUSED: Final = "Your account may not open this page"
OUT_OF_DATE: Final = "This form is out of date"
PERSON: Final = Person(id="p1", name="Ada", identities=[], seerr_user_id=None)


async def find_person(_question: FindPerson) -> Person:
    return PERSON


def path_of(route: Route) -> str:
    """Return an address of a page about something that is nowhere."""
    return route.path.replace("{", "").replace("}", "") or "/"


def test_every_page_says_what_it_needs() -> None:
    assert [route.key for route in GUARDED if route.scope is None] == []
    assert {route.key for route in routes(router.OPEN_PAGES)} == OPEN


def test_the_scope_self_opens_no_page_but_those_listed_here() -> None:
    assert {route.key for route in GUARDED if route.is_open_to("self", is_person=True)} == OF_A_PERSON


async def test_who_is_not_logged_in_is_asked_to_log_in(visitor: Browser) -> None:
    for route in GUARDED:
        answer = await visitor.http.request(route.method, path_of(route), data={} if route.method == "POST" else None)

        assert answer.status_code == 303, route
        assert answer.headers["location"].startswith("/login"), route


@pytest.mark.parametrize("held", LADDER)
async def test_a_scope_opens_only_its_pages(house: House, bus: Bus, pool: Pool, held: Scope) -> None:
    await pool.execute("update gateway.users set scopes = $1, person_id = 'p1'", [held])
    async with answering(bus, "linker", Answer(FindPerson, find_person)), browsing(house) as browser:
        await browser.log_in()
        for route in GUARDED:
            answer = await browser.http.request(
                route.method, path_of(route), data={} if route.method == "POST" else None
            )

            is_open = route.is_open_to(held, is_person=True)
            assert (REFUSED not in answer.text) == is_open, (route, answer.text)
            if is_open and route.method == "POST":
                assert (answer.status_code, OUT_OF_DATE in answer.text) == (403, True), route


def test_the_menu_leads_to_pages_that_are_there() -> None:
    pages = {route.path: route for route in GUARDED if route.method == "GET"}

    for entry, scope in itertools.product(ENTRIES, LADDER):
        page = pages[entry.path.rstrip("/")]
        is_shown = LADDER.index(scope) >= LADDER.index(entry.scope)
        is_open = page.is_open_to(scope, is_person=True)
        leads_on = (entry.path, scope) == ("/", "self")  # to a page of one's own
        assert is_shown == (is_open and not leads_on), (entry, scope)


async def test_the_menu_shows_what_may_be_opened(browser: Browser, pool: Pool, bus: Bus) -> None:
    await pool.execute("update gateway.users set scopes = '{self}', person_id = 'p1'")

    async with answering(bus, "linker", Answer(FindPerson, find_person)):
        page = await browser.open("/account")

    assert "/settings" not in page.links
    assert "/account" in page.links
