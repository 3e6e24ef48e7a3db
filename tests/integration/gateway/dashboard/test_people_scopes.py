"""What the pages of people show to whom: readers, writers, and somebody who sees only what is theirs."""

from collections.abc import Sequence

from shared.bus.connection import Bus
from shared.postgres.pool import Pool
from shared.schemas.history import ListPlays
from shared.schemas.people import ClaimAccount
from shared.schemas.signins import ListConnections
from tests.integration.gateway.dashboard.browser import Browser
from tests.integration.gateway.dashboard.people import elsewhere

CLAIM = "/people/unclaimed/claim"
CHANGES = (
    CLAIM,
    "/people/ada/merge",
    "/people/ada/merge/bea",
    "/people/ada/unmerge/bea",
    "/people/ada/give-back",
    "/people/ada/forget",
)
STRANGER = {"source": "plex", "server": "unknown-machine-id", "account_id": "99"}


async def demote(pool: Pool, scopes: Sequence[str], person_id: str | None = None) -> None:
    await pool.execute("update gateway.users set scopes = $1, person_id = $2", scopes, person_id)


async def test_a_reader_sees_no_linked_accounts_and_changes_nothing(browser: Browser, pool: Pool, bus: Bus) -> None:
    await demote(pool, ["read"])

    async with elsewhere(bus) as asked:
        page = await browser.open("/people/ada")
        unclaimed = await browser.open("/people/unclaimed")
        refused = [await browser.open(path) for path in CHANGES]

    assert "ada@example.com" in page.text
    assert page.text.count("Linked accounts") == 1, "the menu only"
    assert "/people/ada/merge" not in page.links
    assert "Ada , perhaps: is called ada on Plex" in unclaimed.text
    assert CLAIM not in {form.action for form in unclaimed.forms}
    assert {each.status for each in refused} == {403}
    assert "/api/people/ada/export" not in page.links
    assert asked.asked_for(ListConnections) == []


async def test_a_writer_claims_for_themselves_only(browser: Browser, pool: Pool, bus: Bus) -> None:
    await demote(pool, ["write", "read"], "bea")

    async with elsewhere(bus) as asked:
        listed = await browser.open("/people/unclaimed")
        page = await browser.open(CLAIM, **STRANGER)
        await browser.submit(page, CLAIM)
        await browser.submit(page, CLAIM, person_id="ada")

    assert CLAIM not in {form.action for form in listed.forms}
    assert [form.fields.get("person_id") for form in page.forms if form.action == CLAIM] == ["bea"]
    assert asked.asked_for(ClaimAccount) == [
        ClaimAccount(source="plex", server="unknown-machine-id", account_id="99", person_id="bea")
    ]


async def test_a_writer_who_is_no_person_claims_for_somebody_new(browser: Browser, pool: Pool, bus: Bus) -> None:
    await demote(pool, ["write", "read"])

    async with elsewhere(bus):
        page = await browser.open(CLAIM, **STRANGER)

    assert [form.fields.get("name") for form in page.forms if form.action == CLAIM] == ["kid"]


async def test_an_admin_who_is_a_person_claims_for_somebody_new(browser: Browser, pool: Pool, bus: Bus) -> None:
    await demote(pool, ["admin", "write", "read"], "bea")

    async with elsewhere(bus) as asked:
        page = await browser.open(CLAIM, **STRANGER)
        form = next(form for form in page.forms if "name" in form.fields)
        await browser.http.post(CLAIM, data=form.fields)

    assert asked.asked_for(ClaimAccount) == [
        ClaimAccount(source="plex", server="unknown-machine-id", account_id="99", name="kid")
    ]


async def test_a_person_sees_their_own_page_and_nobody_elses(browser: Browser, pool: Pool, bus: Bus) -> None:
    await demote(pool, ["self"], "ada")

    async with elsewhere(bus) as asked:
        own = await browser.open("/people/ada")
        others = [await browser.open(path) for path in ("/people/bea", "/people", "/people/unclaimed")]

    assert own.status == 200
    assert [each.status for each in others] == [403, 403, 403]
    assert "ada@example.com" in own.text
    assert all("Bea" not in each.text for each in others)
    assert asked.asked_for(ListPlays) == [ListPlays(person="ada", limit=8)]
    assert not {"/people", "/people/ada/merge", "/people/ada/forget", "/people/unclaimed"} & set(own.links)
    assert "/api/people/ada/export" in own.links
    assert not [link for link in own.links if "give-back" in link]
