"""The list of people, and the page of one of them."""

import msgspec
import pytest

from shared.bus.connection import Bus
from shared.schemas.history import CountPlays, ListPlays
from shared.schemas.people import ListPeople
from tests.integration.gateway.dashboard.browser import Browser, browsing
from tests.integration.gateway.dashboard.people import ADA, BEA, MACHINE, Elsewhere, elsewhere, play, renamed
from tests.integration.gateway.house import House
from tests.integration.service import answering

HOSTILE = "<script>alert(1)</script>\N{RIGHT-TO-LEFT OVERRIDE}" + "x" * 10_000
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def browser(modules_browser: Browser) -> Browser:
    """One for all tests: none of them leaves anything behind."""
    return modules_browser


@pytest.fixture
def bus(bus_beside: Bus) -> Bus:
    return bus_beside


async def test_people_are_listed_with_their_accounts_and_the_way_to_accounts_of_nobody(
    browser: Browser, bus: Bus
) -> None:
    async with elsewhere(bus):
        page = await browser.open("/people")

    assert {"/people/ada", "/people/bea", "/people/unclaimed"} <= set(page.links)
    assert "Plex ada" in page.text
    assert "User 12" in page.text
    assert "2 accounts without a person" in page.text


@pytest.mark.parametrize(
    ("query", "search", "offset"),
    [
        ({"search": " be "}, "be", 0),
        ({"offset": "50"}, None, 50),
        ({"search": "\x00", "offset": "<b>"}, None, 0),
        ({"search": "b" * 300}, "b" * 200, 0),
    ],
)
async def test_the_address_holds_the_search_and_never_breaks_the_page(
    browser: Browser, bus: Bus, query: dict[str, str], search: str | None, offset: int
) -> None:
    async with elsewhere(bus) as asked:
        page = await browser.open("/people", **query)

    assert page.status == 200
    assert page.form("/people").fields["search"] == (search or "")
    assert asked.asked_for(ListPeople) == [ListPeople(search=search, offset=offset)]


async def test_where_nobody_is_found_the_page_says_what_to_do(browser: Browser, bus: Bus) -> None:
    async with elsewhere(bus) as known:
        not_found = await browser.open("/people", search="zoe")
        known.people = {}
        empty = await browser.open("/people")

    assert "Nobody has such a name. Show all" in not_found.text
    assert "Nobody is known yet" in empty.text


async def test_a_person_is_shown_with_all_that_is_known_of_them(browser: Browser, bus: Bus) -> None:
    async with elsewhere(bus) as asked:
        page = await browser.open("/people/ada")

    assert page.title == "Ada · Usher"
    for text in ("ada@example.com", "proven", "assigned", "Living room", "User 12", "The Matrix", "41"):
        assert text in page.text, text
    assert "must be linked again plex.tv no longer accepts the token" in page.text
    assert MACHINE not in page.text
    assert {"/history?person=ada", "/people/ada/merge", "/integrations?person=ada"} <= set(page.links)
    assert asked.asked_for(ListPlays) == [ListPlays(person="ada", limit=8)]
    assert asked.asked_for(CountPlays) == [CountPlays(person="ada")]


async def test_a_person_without_anything_is_shown_with_why_they_have_no_user_in_seerr(
    browser: Browser, bus: Bus
) -> None:
    async with elsewhere(bus, plays=[], accounts=[]):
        page = await browser.open("/people/bea")

    assert "two users have the name Bea" in page.text
    assert "No account is linked" in page.text
    assert "No account is known to be theirs" in page.text
    assert "Nothing has been seen" in page.text


async def test_the_address_of_a_merged_person_leads_to_who_is_left(browser: Browser, bus: Bus) -> None:
    async with elsewhere(bus, people={"ada": ADA, "bea": ADA}):
        page = await browser.open("/people/bea")

    assert page.response.url.path == "/people/ada"
    assert "This person is now part of Ada." in page.text


@pytest.mark.parametrize(("person_id", "status"), [("nobody", 404), ("<script>", 400), ("a" * 200, 400)])
async def test_an_address_of_nobody_is_a_page_that_says_so(
    browser: Browser, bus: Bus, person_id: str, status: int
) -> None:
    async with elsewhere(bus):
        page = await browser.open(f"/people/{person_id}")

    assert page.status == status
    assert "/" in page.links


async def test_without_the_syncer_the_rest_of_a_person_is_shown(browser: Browser, bus: Bus) -> None:
    async with answering(bus, "linker", *Elsewhere().linker()):
        page = await browser.open("/people/ada")

    assert page.status == 200
    assert "This cannot be shown right now." in page.text
    assert "Living room" in page.text


async def test_without_the_linker_the_list_says_how_to_go_on(browser: Browser) -> None:
    page = await browser.open("/people")

    assert page.status == 200
    assert "This cannot be shown right now." in page.text
    assert "Try again" in page.text


async def test_names_and_titles_of_any_kind_break_no_page(browser: Browser, bus: Bus) -> None:
    identities = [msgspec.structs.replace(each, username=HOSTILE, email=HOSTILE) for each in ADA.identities]
    hostile = msgspec.structs.replace(renamed(ADA, HOSTILE), identities=identities, seerr_reason=HOSTILE)
    plays = [play(HOSTILE), play(HOSTILE, type="episode", show=HOSTILE), play("", show="", server="")]

    async with elsewhere(bus, people={"ada": hostile, "bea": renamed(BEA, "")}, plays=plays):
        pages = [await browser.open(path) for path in ("/people", "/people/ada", "/people/bea")]

    for page in pages:
        assert page.status == 200
        assert "<script>alert" not in page.response.text
        assert len(page.response.content) < 100_000


async def test_german_readers_read_german(modules_house: House, bus: Bus) -> None:
    async with browsing(modules_house, language="de") as browser, elsewhere(bus):
        await browser.log_in()
        page = await browser.open("/people/ada")

    assert "bewiesen" in page.text
    assert "muss neu verknüpft werden" in page.text
