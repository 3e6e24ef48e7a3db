"""Merging two people: choose, read what will happen, do it."""

import msgspec
import pytest

from shared.bus.connection import Bus
from shared.schemas.people import MergePeople
from tests.integration.gateway.dashboard.browser import Browser
from tests.integration.gateway.dashboard.people import ADA, BEA, Elsewhere, elsewhere, renamed
from tests.integration.service import answering

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def browser(modules_browser: Browser) -> Browser:
    """One for all tests: none of them leaves anything behind."""
    return modules_browser


@pytest.fixture
def bus(bus_beside: Bus) -> Bus:
    return bus_beside


async def test_others_are_offered_and_never_the_person_themselves(browser: Browser, bus: Bus) -> None:
    async with elsewhere(bus):
        page = await browser.open("/people/ada/merge")

    assert "/people/ada/merge/bea" in page.links
    assert "/people/ada/merge/ada" not in page.links


async def test_somebody_is_found_by_name_and_by_id(browser: Browser, bus: Bus) -> None:
    async with elsewhere(bus, people={"ada": ADA, "b-1": msgspec.structs.replace(BEA, id="b-1")}):
        choose = await browser.open("/people/ada/merge")
        by_name = await browser.submit(choose, "/people/ada/merge", search="be")
        by_id = await browser.submit(choose, "/people/ada/merge", search="b-1")
        nobody = await browser.submit(choose, "/people/ada/merge", search="zoe")

    assert "/people/ada/merge/b-1" in by_name.links
    assert "/people/ada/merge/b-1" in by_id.links
    assert "Nobody else has such a name or id." in nobody.text


async def test_where_there_is_nobody_else_the_page_says_so(browser: Browser, bus: Bus) -> None:
    async with elsewhere(bus, people={"ada": ADA}):
        page = await browser.open("/people/ada/merge")

    assert "There is nobody else yet." in page.text


async def test_what_will_happen_is_said_before_anything_does(browser: Browser, bus: Bus) -> None:
    async with elsewhere(bus, people={"ada": ADA, "bea": msgspec.structs.replace(BEA, seerr_user_id=13)}) as asked:
        page = await browser.open("/people/ada/merge/bea")

    assert "Merge Bea into Ada?" in page.text
    assert "The user of Bea stays in Seerr" in page.text
    assert "/people/bea/merge/ada" in page.links
    assert page.form("/people/ada/merge").fields["merged_id"] == "bea"
    assert asked.asked_for(MergePeople) == []


async def test_two_are_merged_and_again_is_harmless(browser: Browser, bus: Bus) -> None:
    async with elsewhere(bus) as asked:
        page = await browser.open("/people/ada/merge/bea")
        done = await browser.submit(page, "/people/ada/merge")
        again = await browser.submit(page, "/people/ada/merge")
        back = await browser.open("/people/ada/merge/bea")

    assert asked.asked_for(MergePeople) == [MergePeople(person_id="ada", merged_id="bea")] * 2
    assert "Bea is now part of Ada." in done.text
    assert (done.response.url.path, again.response.url.path) == ("/people/ada", "/people/ada")
    assert "These two are one person already." in back.text


@pytest.mark.parametrize(("merged_id", "status"), [("nobody", 404), ("", 400), ("<b>", 400), (None, 400)])
async def test_somebody_who_is_not_there_is_marked_and_what_was_chosen_stays(
    browser: Browser, bus: Bus, merged_id: str | None, status: int
) -> None:
    async with elsewhere(bus) as asked:
        page = await browser.open("/people/ada/merge/bea")
        wrong = await browser.submit(page, "/people/ada/merge", merged_id=merged_id)

    assert wrong.status == status
    assert 'aria-invalid="true"' in wrong.response.text
    assert wrong.form("/people/ada/merge").fields["search"] == (merged_id or "")
    assert asked.asked_for(MergePeople) == []


async def test_without_the_syncer_the_plays_are_not_counted(browser: Browser, bus: Bus) -> None:
    async with answering(bus, "linker", *Elsewhere().linker()):
        page = await browser.open("/people/ada/merge/bea")

    assert page.status == 200
    assert "cannot be counted right now" in page.text


async def test_names_of_any_kind_break_no_page(browser: Browser, bus: Bus) -> None:
    hostile = renamed(BEA, "<script>alert(1)</script>{name}" + "x" * 10_000)

    async with elsewhere(bus, people={"ada": ADA, "bea": hostile}):
        pages = [await browser.open(f"/people/ada/merge{rest}") for rest in ("", "/bea")]

    for page in pages:
        assert page.status == 200
        assert "<script>alert" not in page.response.text
