"""Accounts of nobody: whose they may be, and claiming them for somebody."""

from typing import Any

import msgspec
import pytest

from shared.bus.connection import Bus
from shared.schemas.people import ClaimAccount, ListUnclaimed
from tests.integration.gateway.dashboard.browser import Browser, Form, Page
from tests.integration.gateway.dashboard.people import ADAS_OTHER, MACHINE, STRANGERS, elsewhere

CLAIM = "/people/unclaimed/claim"
STRANGER = {"source": "plex", "server": "unknown-machine-id", "account_id": "99"}
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def browser(modules_browser: Browser) -> Browser:
    """One for all tests: none of them leaves anything behind."""
    return modules_browser


@pytest.fixture
def bus(bus_beside: Bus) -> Bus:
    return bus_beside


def forms(page: Page, field: str) -> list[Form]:
    """Return the forms that claim an account with this field."""
    return [form for form in page.forms if form.action == CLAIM and field in form.fields and form.method == "post"]


async def claim(browser: Browser, form: Form, **typed: Any) -> Page:
    return Page(await browser.http.post(CLAIM, data={**form.fields, **typed}, follow_redirects=True))


async def test_accounts_are_listed_with_whose_they_may_be_and_why(browser: Browser, bus: Bus) -> None:
    async with elsewhere(bus) as asked:
        page = await browser.open("/people/unclaimed")

    assert "Ada , perhaps: is called ada on Plex" in page.text
    assert "Nobody known has this name." in page.text
    assert "Living room" in page.text
    assert MACHINE not in page.text
    [form] = forms(page, "person_id")
    assert {**form.fields, "csrf": ""} == {
        "csrf": "",
        "source": "jellyfin",
        "server": MACHINE,
        "account_id": "7a1",
        "person_id": "ada",
    }
    assert asked.asked_for(ClaimAccount) == []


async def test_the_overview_leads_to_accounts_of_nobody(browser: Browser, bus: Bus) -> None:
    async with elsewhere(bus):
        page = await browser.open("/")

    assert "/people/unclaimed" in page.links


async def test_a_suggestion_is_taken_by_its_button(browser: Browser, bus: Bus) -> None:
    async with elsewhere(bus) as asked:
        page = await browser.open("/people/unclaimed")
        done = await claim(browser, forms(page, "person_id")[0])

    assert asked.asked_for(ClaimAccount) == [
        ClaimAccount(source="jellyfin", server=MACHINE, account_id="7a1", person_id="ada")
    ]
    assert done.response.url.path == "/people/unclaimed"
    assert "The account now belongs to Ada." in done.text


async def test_accounts_are_searched_and_bad_filters_break_nothing(browser: Browser, bus: Bus) -> None:
    async with elsewhere(bus) as asked:
        page = await browser.open("/people/unclaimed", search="kid", offset="x")
        none = await browser.open("/people/unclaimed", search="zoe")
        asked.unclaimed = []
        empty = await browser.open("/people/unclaimed")

    assert ListUnclaimed(search="kid") in asked.asked_for(ListUnclaimed)
    assert "kid" in page.text
    assert "7a1" not in page.response.text
    assert "Show all" in none.text
    assert "Every account that was seen belongs to somebody." in empty.text


async def test_somebody_known_is_chosen_by_search(browser: Browser, bus: Bus) -> None:
    async with elsewhere(bus) as asked:
        page = await browser.open(CLAIM, **STRANGER)
        found = await browser.submit(page, CLAIM, search="bea")
        await claim(browser, forms(found, "person_id")[0])

    assert asked.asked_for(ClaimAccount) == [
        ClaimAccount(source="plex", server="unknown-machine-id", account_id="99", person_id="bea")
    ]


async def test_where_nobody_is_known_yet_somebody_new_is_what_is_left(browser: Browser, bus: Bus) -> None:
    async with elsewhere(bus, people={}):
        page = await browser.open(CLAIM, **STRANGER)

    assert "Nobody is known yet: add somebody new below." in page.text
    assert len(forms(page, "name")) == 1


async def test_somebody_new_gets_the_account_under_the_name_that_was_typed(browser: Browser, bus: Bus) -> None:
    async with elsewhere(bus) as asked:
        page = await browser.open(CLAIM, **STRANGER)
        [form] = forms(page, "name")
        done = await claim(browser, form, name=" Cleo ")

    assert form.fields["name"] == "kid"
    assert asked.asked_for(ClaimAccount) == [
        ClaimAccount(source="plex", server="unknown-machine-id", account_id="99", name="Cleo")
    ]
    assert "The account now belongs to Cleo." in done.text


@pytest.mark.parametrize(
    ("name", "status", "said"),
    [("a\x07b", 400, 'aria-invalid="true"'), ("x" * 201, 400, 'aria-invalid="true"'), ("Bea", 409, "another person")],
)
async def test_a_name_that_is_refused_stays_with_what_is_wrong(
    browser: Browser, bus: Bus, name: str, status: int, said: str
) -> None:
    async with elsewhere(bus):
        page = await browser.open(CLAIM, **STRANGER)
        wrong = await claim(browser, forms(page, "name")[0], name=name)

    assert wrong.status == status
    assert said in wrong.response.text
    assert forms(wrong, "name")[0].fields["name"] == name


async def test_a_person_who_is_gone_is_said(browser: Browser, bus: Bus) -> None:
    async with elsewhere(bus):
        page = await browser.open("/people/unclaimed")
        wrong = await claim(browser, forms(page, "person_id")[0], person_id="nobody")

    assert wrong.status == 404
    assert "This person is no longer there." in wrong.text


@pytest.mark.parametrize(
    "query", [{}, {**STRANGER, "account_id": "100"}, {**STRANGER, "source": "<b>"}, {"account_id": "\x00" * 300}]
)
async def test_an_account_that_is_somebodys_by_now_leads_back_to_the_list(
    browser: Browser, bus: Bus, query: dict[str, str]
) -> None:
    async with elsewhere(bus):
        page = await browser.open(CLAIM, **query)
        form = forms(await browser.open("/people/unclaimed"), "person_id")[0]
        sent = await claim(browser, form, source="<b>")

    for each in (page, sent):
        assert each.response.url.path == "/people/unclaimed"
        assert "may have been given to somebody" in each.text


async def test_without_the_linker_the_list_says_how_to_go_on(browser: Browser) -> None:
    page = await browser.open("/people/unclaimed")

    assert page.status == 200
    assert "Try again" in page.text


async def test_names_of_any_kind_break_no_page(browser: Browser, bus: Bus) -> None:
    name = "<script>alert(1)</script>{name}\N{RIGHT-TO-LEFT OVERRIDE}" + "x" * 10_000
    unclaimed = [
        msgspec.structs.replace(STRANGERS, account_name=name),
        msgspec.structs.replace(ADAS_OTHER, account_name="", server=""),
    ]

    async with elsewhere(bus, unclaimed=unclaimed):
        pages = [
            await browser.open("/people/unclaimed"),
            await browser.open(CLAIM, **STRANGER),
            await browser.open(CLAIM, source="jellyfin", account_id="7a1"),
        ]

    for page in pages:
        assert page.status == 200
        assert "<script>alert" not in page.response.text
    assert pages[2].response.url.path == CLAIM
