"""The page that sets the webhook on a Plex account, in a browser, down to the stand-in for plex.tv."""

from collections.abc import AsyncIterator

import pytest

from services.linker.signins.store import connections
from shared.bus.connection import Bus
from shared.owners import server_token
from shared.postgres.pool import transaction
from shared.schemas.secret import Secret
from shared.schemas.signins import IntegrationPage, ListConnections
from tests.integration.gateway.dashboard.browser import Browser, Page, browsing
from tests.integration.linker.servers.plex_accounts import OURS, have, link, martha, webhooks
from tests.integration.linker.servers.stand_ins import Street
from tests.integration.linker.servers.surroundings import Estate
from tests.integration.service import answering, until

PATH = "/settings/webhooks/plex"
OUTDATED = "http://usher.test/webhooks/plex?token=ushw_outdated"
OTHER = "https://tautulli.example.org/hook?apikey=apikey-of-another"


@pytest.fixture
async def usher(usher: Estate, bus: Bus) -> AsyncIterator[Estate]:
    """Answer, from the linker's tables, which accounts are linked."""

    async def list_connections(question: ListConnections) -> IntegrationPage:
        async with transaction(usher.parts.pool) as connection:
            return await connections.page(
                connection, person_id=None, provider=question.provider, limit=question.limit, offset=question.offset
            )

    async with answering(bus, "linker", ListConnections.answered_by(list_connections)):
        yield usher


@pytest.fixture
async def browser(usher: Estate) -> AsyncIterator[Browser]:
    async with browsing(usher.house) as opened:
        await opened.log_in()
        yield opened


async def press(browser: Browser, page: Page, **typed: str) -> Page:
    """Press the button that sets the webhook."""
    form = next(form for form in page.forms if form.action.endswith(PATH) and form.method == "post")
    return Page(await browser.http.post(form.action, data=form.fields | typed, follow_redirects=True))


async def add_server(usher: Estate, street: Street, *urls: str) -> None:
    """Add the Plex server, whose owner's account has these webhooks."""
    have(street, *urls)
    assert (await usher.post("/api/mediaservers", street.body("plex"))).status_code == 201


async def test_from_the_guide_it_is_set_after_a_question_and_the_first_event_is_waited_for(
    browser: Browser, usher: Estate, street: Street
) -> None:
    await add_server(usher, street, OUTDATED, OTHER)
    guide = await browser.open("/setup")
    question = await browser.open(next(each for each in guide.links if PATH in each))
    untouched = list(webhooks(street))
    done = await press(browser, question)
    await usher.house.webhook("plex", {"event": "media.play"}, token=webhooks(street)[-1].partition("token=")[2])

    async def came() -> bool:
        return "Plex media.play" in (await browser.open("/setup")).text

    await until(came)
    assert "added to the webhooks of the Plex account martha" in question.text
    assert "1 older address of this Usher is removed" in question.text
    assert "1 other webhook stays as it is: tautulli.example.org" in question.text
    assert OURS in question.response.text
    assert "ushw_outdated" not in question.response.text
    assert "apikey" not in question.response.text
    assert untouched == [OUTDATED, OTHER]
    assert (question.form(PATH).fields["back"], done.response.url.path) == ("setup", "/setup")
    assert "The webhook is set on the Plex account martha" in done.text
    assert "1 older address was removed" in done.text
    assert "Waiting for the first event" in done.text
    assert webhooks(street) == [OTHER, OURS]


async def test_from_the_settings_it_leads_back_to_them_and_again_there_is_nothing_to_do(
    browser: Browser, usher: Estate, street: Street
) -> None:
    await add_server(usher, street)
    settings = await browser.open("/settings/webhooks")
    address = next(each for each in settings.links if PATH in each)
    question = await browser.open(address)
    done = await press(browser, question)
    pressed_again, again = await press(browser, question), await browser.open(address)

    assert "no other webhooks" in question.text
    assert done.response.url.path == "/settings/webhooks"
    assert "has this webhook already" in pressed_again.text
    assert "has this webhook already" in again.text
    assert [form for form in again.forms if form.action.endswith(PATH)] == []
    assert webhooks(street) == [OURS]


async def test_a_refusal_is_explained_and_changes_nothing(browser: Browser, usher: Estate, street: Street) -> None:
    await add_server(usher, street, OTHER)
    question = await browser.open(PATH)
    martha(street, has_pass=False)
    refused, shown = await press(browser, question), await browser.open(PATH)
    await usher.vault.put(server_token("Plex", type="plex"), Secret("revoked"))
    revoked = await browser.open(PATH)

    assert (refused.status, shown.status, revoked.status) == (409, 200, 200)
    assert "only accounts with Plex Pass" in refused.text
    assert "only accounts with Plex Pass" in shown.text
    assert "does not accept the token of Plex" in revoked.text
    assert webhooks(street) == [OTHER]


async def test_a_linked_account_can_be_chosen(browser: Browser, usher: Estate, street: Street) -> None:
    await add_server(usher, street, OTHER)
    await link(usher, street.tokens["plex"])
    first = await browser.open(PATH, back="setup")
    question = await browser.submit(first, PATH, on="person:p1")
    await usher.vault.put(server_token("Plex", type="plex"), Secret("revoked"))
    done = await press(browser, question)

    assert first.form(PATH).fields == {"on": "server:Plex", "back": "setup"}
    assert question.form(PATH).fields["on"] == "person:p1"
    assert done.response.url.path == "/setup"
    assert webhooks(street) == [OTHER, OURS]


async def test_a_form_that_names_no_account_that_is_there_changes_none(
    browser: Browser, usher: Estate, street: Street
) -> None:
    await add_server(usher, street)
    odd = await browser.open(PATH, on="person:nobody", secret="no such/secret", back="//elsewhere.example")
    question = await browser.open(PATH)
    unknown, empty = await press(browser, question, on="person:nobody"), await press(browser, question, on="")

    assert "of the server Plex" in odd.text
    assert "elsewhere.example" not in odd.response.text
    assert (odd.status, unknown.status, empty.status) == (200, 404, 400)
    assert webhooks(street) == []


async def test_hosts_of_others_are_shown_as_text_and_cut(browser: Browser, usher: Estate, street: Street) -> None:
    await add_server(usher, street, f"http://<script>alert(1)<script>{'x' * 10_000}", "http://[hidden", "no address")
    page = await browser.open(PATH)

    assert "3 other webhooks stay as they are" in page.text
    assert page.text.count("an address that Usher cannot read") == 2
    assert "<script>alert" not in page.response.text
    assert "hidden" not in page.text
    assert "x" * 200 not in page.response.text


async def test_without_a_plex_account_the_page_says_what_to_do(browser: Browser) -> None:
    page = await browser.open(PATH)

    assert "knows no Plex account yet" in page.text
    assert "/servers/add" in page.links
