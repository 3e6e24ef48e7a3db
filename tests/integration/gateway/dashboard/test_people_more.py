"""Giving an account back, undoing a merge, forgetting a person: each asks first."""

import pytest

from shared.bus.connection import Bus
from shared.errors import ConflictError
from shared.schemas.people import ForgetPerson, GiveBackAccount, MergedPerson, UnmergePeople
from tests.integration.gateway.dashboard.browser import Browser
from tests.integration.gateway.dashboard.people import ADA, AT, BEA, MACHINE, elsewhere, renamed

GIVE_BACK = "/people/ada/give-back"
COUNTESS = {"source": "jellyfin", "server": MACHINE, "account_id": "2"}
MERGED = MergedPerson(id="bea", name="Bea", merged_at=AT)
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def browser(modules_browser: Browser) -> Browser:
    """One for all tests: none of them leaves anything behind."""
    return modules_browser


@pytest.fixture
def bus(bus_beside: Bus) -> Bus:
    return bus_beside


async def test_a_persons_page_offers_what_can_be_done(browser: Browser, bus: Bus) -> None:
    old = MergedPerson(id="old", name="Old", merged_at=None)
    async with elsewhere(bus, merges=[MERGED, old]):
        page = await browser.open("/people/ada")

    found = {link.partition("?")[0] for link in page.links}
    assert {GIVE_BACK, "/api/people/ada/export", "/people/ada/forget", "/people/ada/unmerge/bea"} <= found
    assert "/people/ada/unmerge/old" not in found
    assert "Old cannot be undone" in page.text


async def test_an_account_is_given_back_after_a_question_and_again_is_harmless(browser: Browser, bus: Bus) -> None:
    async with elsewhere(bus) as asked:
        page = await browser.open(GIVE_BACK, **COUNTESS)
        before = asked.asked_for(GiveBackAccount)
        done = await browser.submit(page, GIVE_BACK)
        again = await browser.submit(page, GIVE_BACK)

    assert "Is countess not an account of Ada?" in page.text
    assert before == []
    wanted = GiveBackAccount(person_id="ada", source="jellyfin", server=MACHINE, account_id="2")
    assert asked.asked_for(GiveBackAccount) == [wanted, wanted]
    assert "The account belongs to nobody now." in done.text
    assert (done.response.url.path, again.response.url.path) == ("/people/ada", "/people/ada")


async def test_a_linked_account_stays_and_the_page_says_why(browser: Browser, bus: Bus) -> None:
    async with elsewhere(bus, refusal=ConflictError("this account is linked: unlink it first")):
        page = await browser.open(GIVE_BACK, source="plex", account_id="1")
        refused = await browser.submit(page, GIVE_BACK)

    assert refused.status == 409
    assert "this account is linked: unlink it first" in refused.text
    assert "/integrations?person=ada" in refused.links
    assert refused.form(GIVE_BACK).fields["account_id"] == "1"


@pytest.mark.parametrize("query", [{}, {"source": "plex", "account_id": "9"}, {"source": "<b>", "server": "\x00"}])
async def test_an_account_that_is_not_theirs_leads_back(browser: Browser, bus: Bus, query: dict[str, str]) -> None:
    async with elsewhere(bus):
        page = await browser.open(GIVE_BACK, **query)

    assert page.response.url.path == "/people/ada"
    assert "This account is not theirs any more." in page.text


async def test_a_merge_is_undone_after_a_question(browser: Browser, bus: Bus) -> None:
    async with elsewhere(bus, merges=[MERGED]) as asked:
        page = await browser.open("/people/ada/unmerge/bea")
        before = asked.asked_for(UnmergePeople)
        done = await browser.submit(page, "/people/ada/unmerge")

    assert "Make Bea a person of their own again?" in page.text
    assert before == []
    assert asked.asked_for(UnmergePeople) == [UnmergePeople(person_id="ada", merged_id="bea")]
    assert done.response.url.path == "/people/bea"
    assert "Bea is a person of their own again." in done.text


async def test_a_merge_that_cannot_be_undone_says_so(browser: Browser, bus: Bus) -> None:
    async with elsewhere(bus, merges=[MERGED], refusal=ConflictError("this merge cannot be undone")):
        page = await browser.open("/people/ada/unmerge/bea")
        refused = await browser.submit(page, "/people/ada/unmerge")
        nobody = await browser.open("/people/ada/unmerge/nobody")

    assert (refused.status, "this merge cannot be undone" in refused.text) == (409, True)
    assert nobody.response.url.path == "/people/ada"
    assert "These two are not merged." in nobody.text


async def test_a_person_is_forgotten_after_a_page_that_says_what_goes_and_stays(browser: Browser, bus: Bus) -> None:
    async with elsewhere(bus) as asked:
        page = await browser.open("/people/ada/forget")
        before = asked.asked_for(ForgetPerson)
        done = await browser.submit(page, "/people/ada/forget")

    for said in ("Forget Ada?", "2 accounts", "41 plays", "their user in Seerr (number 12)"):
        assert said in page.text
    assert before == []
    assert asked.asked_for(ForgetPerson) == [ForgetPerson(person_id="ada")]
    assert done.response.url.path == "/people"
    assert "Their user in Seerr (number 12) stays" in done.text


async def test_names_of_any_kind_break_no_page(browser: Browser, bus: Bus) -> None:
    name = "<script>alert(1)</script>{name}\u202e" + "x" * 10_000
    hostile, merged = renamed(ADA, name), MergedPerson(id="bea", name=name, merged_at=AT)

    async with elsewhere(bus, people={"ada": hostile, "bea": BEA}, merges=[merged]):
        pages = [await browser.open(path) for path in ("/people/ada", "/people/ada/forget", "/people/ada/unmerge/bea")]
        pages.append(await browser.open(GIVE_BACK, **COUNTESS))

    for page in pages:
        assert page.status == 200
        assert "<script>alert" not in page.response.text
