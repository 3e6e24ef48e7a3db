"""The page of the connection to Seerr."""

from collections.abc import AsyncIterator

import msgspec
import pytest
import pytest_asyncio

from shared.bus.connection import Bus
from shared.errors import Fault, InvalidError, NotFoundError
from shared.schemas.servers import ChangeSeerr, RemovedSeerr, RemoveSeerr, SeerrConnection, ShowSeerr, given
from tests.integration.gateway.dashboard.browser import Browser
from tests.integration.service import answering

pytestmark = pytest.mark.asyncio(loop_scope="module")
KEY = "secret-key-MTY="
SEERR = SeerrConnection(
    url="http://seerr:5055", enabled=True, api_key="…MTY=", reachable=True, version="3.4.0", user_count=14
)


class Linker:
    """It has one Seerr, or none, and keeps what it was asked to change."""

    def __init__(self) -> None:
        self.seerr = SEERR
        self.asked: list[ChangeSeerr] = []
        self.refuses: InvalidError | None = None

    async def show(self, _question: ShowSeerr) -> SeerrConnection:
        return self.seerr

    async def change(self, question: ChangeSeerr) -> SeerrConnection:
        self.asked.append(question)
        if self.refuses:
            raise self.refuses
        changes = {name: value for name, value in given(question).items() if name not in {"api_key", "dry_run"}}
        changed = msgspec.structs.replace(self.seerr, **changes, version="3.4.1")
        if not question.dry_run:
            self.seerr = changed
        return changed

    async def remove(self, _question: RemoveSeerr) -> RemovedSeerr:
        if self.seerr.url is None:
            raise NotFoundError("no Seerr is set up")
        self.seerr = SeerrConnection()
        return RemovedSeerr(url="http://seerr:5055", people=2)


@pytest_asyncio.fixture(loop_scope="module")
async def linker(bus_beside: Bus) -> AsyncIterator[Linker]:
    made = Linker()
    answers = (
        ShowSeerr.answered_by(made.show),
        ChangeSeerr.answered_by(made.change),
        RemoveSeerr.answered_by(made.remove),
    )
    async with answering(bus_beside, "linker", *answers):
        yield made


async def test_seerr_is_tested_and_then_connected(modules_browser: Browser, linker: Linker) -> None:
    linker.seerr = SeerrConnection()
    form = await modules_browser.open("/seerr")

    tried = await modules_browser.submit(form, "/seerr", do="test", url="http://seerr:5055", api_key=KEY)
    kept = await modules_browser.submit(tried, "/seerr", do="save", api_key=KEY)

    assert "not connected yet" in form.text
    assert ("3.4.1" in tried.text, "Nothing is saved yet" in tried.text) == (True, True)
    assert "are saved" in kept.text
    assert [asked.dry_run for asked in linker.asked] == [True, False]
    assert linker.seerr.url == "http://seerr:5055"
    assert KEY not in tried.response.text + kept.response.text


async def test_a_refused_key_is_marked_and_the_rest_stays(modules_browser: Browser, linker: Linker) -> None:
    linker.refuses = InvalidError("no", faults=(Fault("api_key", "Seerr does not accept the key"),))
    form = await modules_browser.open("/seerr")

    page = await modules_browser.submit(form, "/seerr", do="save", url="http://other:1", api_key=KEY)

    assert (page.status, page.form("/seerr").fields["url"]) == (400, "http://other:1")
    assert "Seerr does not accept the key" in page.text
    assert 'aria-invalid="true"' in page.response.text


async def test_what_a_test_found_comes_to_a_form_that_stays_on_the_page(
    modules_browser: Browser, linker: Linker
) -> None:
    linker.refuses = InvalidError("no", faults=(Fault("url", "something else answers there"),))
    form = (await modules_browser.open("/seerr")).form("/seerr")

    answer = await modules_browser.http.post(
        "/seerr", data=form.fields | {"do": "test", "url": "http://other:1"}, headers={"HX-Request": "true"}
    )

    assert (answer.status_code, "Something else answers there" in answer.text) == (200, True)


@pytest.mark.usefixtures("linker")
async def test_the_webhook_address_is_seerrs_and_not_that_of_a_server(modules_browser: Browser) -> None:
    made = await modules_browser.house.post("/api/webhooks/secrets", {"source": None, "server": "Living room"})
    [servers] = [each["url"] for each in made.json()["addresses"] if each["source"] == "seerr"]

    page = await modules_browser.open("/seerr")

    assert "http://usher.test/webhooks/seerr?token=" in page.response.text
    assert servers not in page.response.text


async def test_the_later_of_two_tabs_is_told(modules_browser: Browser, linker: Linker) -> None:
    first, second = await modules_browser.open("/seerr"), await modules_browser.open("/seerr")
    await modules_browser.submit(first, "/seerr", do="save", gives_token="on")

    told = await modules_browser.submit(second, "/seerr", do="save", enabled=None)

    assert told.status == 409
    assert "Somebody else changed this meanwhile" in told.text
    assert linker.seerr.enabled
    assert "enabled" not in told.form("/seerr").fields


async def test_the_list_of_servers_reads_how_seerr_is(modules_browser: Browser, linker: Linker) -> None:
    linker.seerr = msgspec.structs.replace(SEERR, problem="<b>old</b>: update it")

    page = await modules_browser.open("/seerr/state")

    assert ("<b>old" in page.response.text, "<b>old</b>: update it" in page.text) == (False, True)
    assert "needs attention" in page.text


async def test_without_the_linker_the_state_says_so(modules_browser: Browser) -> None:
    page = await modules_browser.open("/seerr/state")

    assert (page.status, "cannot be shown right now" in page.text) == (200, True)


@pytest.mark.usefixtures("linker")
async def test_seerr_is_removed_after_a_question(modules_browser: Browser) -> None:
    asked = await modules_browser.open("/seerr/remove")

    removed = await modules_browser.submit(asked, "/seerr/remove")
    again = await modules_browser.submit(asked, "/seerr/remove")

    assert "14 users are known from there" in asked.text
    assert "2 people had a user there" in removed.text
    assert "was removed already" in again.text
