"""What the pages of accounts show to whom: a person who sees only what is theirs, and somebody who only reads."""

from shared.bus.connection import Bus
from shared.postgres.pool import Pool
from shared.schemas.signins import AccountHolder, ConnectAccount, ListConnections, RemoveConnections
from tests.integration.gateway.dashboard.accounts import linker
from tests.integration.gateway.dashboard.browser import Browser

ADA = AccountHolder(user="admin", person_id="ada")


async def test_a_person_connects_and_disconnects_their_own_accounts(browser: Browser, pool: Pool, bus: Bus) -> None:
    await pool.execute("update gateway.users set scopes = '{self}', person_id = 'ada'")
    async with linker(bus) as asked:
        page = await browser.open("/integrations")
        form = await browser.open("/integrations/emby/connect")
        await browser.submit(form, "/integrations/emby/connect", server="Attic", username="ada", password="secret")
        ask = await browser.open("/integrations/plex/disconnect", account="id-ada")
        await browser.submit(ask, "/integrations/plex/disconnect")

    assert "/integrations/all" not in page.links
    assert "Only where there are several" in form.text
    [connected] = asked.asked_for(ConnectAccount)
    assert (connected.who, connected.server) == (ADA, "Attic")
    assert asked.asked_for(RemoveConnections) == [RemoveConnections(provider="plex", who=ADA, account_id="id-ada")]


async def test_a_person_reaches_nobody_elses_accounts(browser: Browser, pool: Pool, bus: Bus) -> None:
    await pool.execute("update gateway.users set scopes = '{self}', person_id = 'bea'")
    async with linker(bus) as asked:
        paths = ("/integrations", "/integrations/jellyfin/connect", "/integrations/plex/disconnect")
        pages = [await browser.open(path, person="ada", account="id-ada") for path in paths]
        everybodys = await browser.open("/integrations/all")

    assert [page.status for page in (*pages, everybodys)] == [403] * 4
    assert asked.asked_for(ListConnections) == []


async def test_somebody_who_only_reads_is_offered_no_change(browser: Browser, pool: Pool, bus: Bus) -> None:
    await pool.execute("update gateway.users set scopes = '{read}', person_id = null")
    async with linker(bus):
        page = await browser.open("/integrations")

    assert page.status == 200
    assert [form.action for form in page.forms if form.method == "post"] == ["/logout"]
    assert not [link for link in page.links if "connect" in link]
