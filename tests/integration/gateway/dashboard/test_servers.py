"""The pages of media servers: what is listed, and how one is added, changed, tested and removed."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
import pytest_asyncio

from services.gateway.dashboard.server_forms import KINDS
from shared.bus.connection import Bus
from shared.errors import Fault, InvalidError, UnavailableError, UnknownServerError
from shared.schemas.plex import Library, LibraryPage, ListLibraries
from shared.schemas.servers import (
    AddServer,
    ChangeServer,
    DiscoveredServer,
    DiscoveredServers,
    DiscoverPlex,
    Finding,
    FindServer,
    ListServers,
    PlexConnection,
    RemovedServer,
    RemoveServer,
    Server,
    ServerPage,
    ServerSettings,
    ServerTest,
    TestServer,
    TryServer,
    given,
)
from shared.schemas.signins import ConnectedAccount, Integration, IntegrationPage, LinkedPerson, ListConnections
from tests.integration.gateway.dashboard.browser import Browser
from tests.integration.service import answering

pytestmark = pytest.mark.asyncio(loop_scope="module")
AT = datetime(2026, 1, 31, 18, tzinfo=UTC)
HOSTILE = '<script>alert(1)</script>\u202e"' + "x" * 10_000
TOKEN = "secret-token-x9Qz"
LIVING = Server(
    name="Living room",
    type="plex",
    url="http://192.168.1.10:32400",
    enabled=True,
    token="…x9Qz",
    password_suffix=None,
    request_limit=10,
    machine_identifier="m1",
    include_owner=False,
    libraries=["Movies"],
    reachable=True,
    version="1.43.0",
    user_count=12,
    problem=None,
    checked_at=AT,
)
ODD = "Über 50% #1? & <b>"
LINKED = Integration(
    provider="plex",
    account=ConnectedAccount(id="1", username="ada"),
    person=LinkedPerson(id="p1", name="Ada"),
    state="ok",
    reason=None,
    linked_at=AT,
    checked_at=AT,
)


class Household:
    """A linker and a syncer with servers; it keeps what it was asked to do."""

    def __init__(self) -> None:
        self.servers: dict[str, Server] = {"Living room": LIVING}
        self.asked: list[Any] = []
        self.refuses: InvalidError | None = None
        self.found = [
            DiscoveredServer(
                name="Attic",
                machine_identifier="m2",
                owned=True,
                version="1.42",
                connections=[
                    PlexConnection(
                        uri="http://10.0.0.2:32400", local=True, relay=False, reachable=True, latency_ms=4, reason=None
                    ),
                    PlexConnection(
                        uri="https://far.plex.direct:1",
                        local=False,
                        relay=False,
                        reachable=False,
                        latency_ms=None,
                        reason="no answer within 3 s",
                    ),
                ],
                best="http://10.0.0.2:32400",
            )
        ]

    async def list_servers(self, question: ListServers) -> ServerPage:
        return ServerPage(list(self.servers.values()), len(self.servers), question.limit, 0)

    async def find_server(self, question: FindServer) -> Server:
        if question.name not in self.servers:
            raise UnknownServerError(question.name)
        return self.servers[question.name]

    async def try_server(self, question: TryServer) -> Server:
        return self._new(question)

    async def add_server(self, question: AddServer) -> Server:
        server = self._new(question)
        self.servers[server.name] = server
        return server

    def _new(self, question: TryServer | AddServer) -> Server:
        self.asked.append(question)
        if self.refuses:
            raise self.refuses
        wanted: ServerSettings = question.server
        return msgspec.structs.replace(
            LIVING, name=wanted.name, type=wanted.type, url=wanted.url, enabled=wanted.enabled, version="1.42"
        )

    async def change_server(self, question: ChangeServer) -> Server:
        self.asked.append(question)
        if self.refuses:
            raise self.refuses
        changes = {name: value for name, value in given(question).items() if name not in {"token", "password_suffix"}}
        self.servers[question.name] = msgspec.structs.replace(self.servers[question.name], **changes)
        return self.servers[question.name]

    async def test_server(self, question: TestServer) -> ServerTest:
        return ServerTest(
            name=question.name,
            works=False,
            reachable=True,
            findings=[
                Finding(aspect="server", works=True, text="a Plex Media Server answers"),
                Finding(aspect="credential", works=False, text=HOSTILE, mend="give a token of the owner"),
            ],
        )

    async def remove_server(self, question: RemoveServer) -> RemovedServer:
        if self.servers.pop(question.name, None) is None:
            raise UnknownServerError(question.name)
        return RemovedServer(name=question.name, linked_accounts=1)

    async def discover(self, question: DiscoverPlex) -> DiscoveredServers:
        self.asked.append(question)
        return DiscoveredServers(self.found, len(self.found))

    async def list_accounts(self, question: ListConnections) -> IntegrationPage:
        return IntegrationPage([LINKED], 1, question.limit, 0)

    async def list_libraries(self, question: ListLibraries) -> LibraryPage:
        if question.server != "Living room":
            raise UnavailableError("the server does not answer")
        names = ["Movies", "Shows", HOSTILE[:200]]
        items = [Library(id=str(at), title=name, type="movie", agent=None) for at, name in enumerate(names)]
        return LibraryPage(items, len(items), question.limit, 0)


@pytest_asyncio.fixture(loop_scope="module")
async def household(bus_beside: Bus) -> AsyncIterator[Household]:
    made = Household()
    linker = (
        ListServers.answered_by(made.list_servers),
        FindServer.answered_by(made.find_server),
        TryServer.answered_by(made.try_server),
        AddServer.answered_by(made.add_server),
        ChangeServer.answered_by(made.change_server),
        TestServer.answered_by(made.test_server),
        RemoveServer.answered_by(made.remove_server),
        DiscoverPlex.answered_by(made.discover),
        ListConnections.answered_by(made.list_accounts),
    )
    syncer = (ListLibraries.answered_by(made.list_libraries),)
    async with answering(bus_beside, "linker", *linker), answering(bus_beside, "syncer", *syncer):
        yield made


async def test_servers_are_listed_with_what_is_wrong_and_how_to_mend_it(
    modules_browser: Browser, household: Household
) -> None:
    household.servers["Attic"] = msgspec.structs.replace(
        LIVING, name="Attic", reachable=False, problem="it does not answer: is it running?"
    )
    household.servers["Cellar"] = msgspec.structs.replace(LIVING, name="Cellar", enabled=False)

    page = await modules_browser.open("/servers")

    assert page.status == 200
    assert "Living room Plex works 1.43.0 12" in page.text
    assert "it does not answer: is it running?" in page.text
    assert "turned off" in page.text
    assert {"/servers/Living%20room", "/servers/add", "/seerr"} <= set(page.links)


async def test_without_a_server_the_list_says_what_to_do(modules_browser: Browser, household: Household) -> None:
    household.servers.clear()

    page = await modules_browser.open("/servers")

    assert "No media server is connected yet" in page.text
    assert "/servers/add" in page.links


async def test_without_the_linker_the_list_says_so(modules_browser: Browser) -> None:
    page = await modules_browser.open("/servers")

    assert page.status == 200
    assert "cannot be shown right now" in page.text
    assert "Seerr" in page.text


async def test_a_plex_server_is_found_by_a_token_tested_and_kept(
    modules_browser: Browser, household: Household
) -> None:
    form = await modules_browser.open("/servers/add")

    found = await modules_browser.submit(form, "/servers/add", do="find", token=TOKEN)
    tried = await modules_browser.submit(found, "/servers/add", do="test", token=TOKEN)
    kept = await modules_browser.submit(tried, "/servers/add", do="keep", token=TOKEN)

    assert "answers in 4 ms" in found.text
    assert "no answer within 3 s" in found.text
    assert "It will be kept as Attic" in tried.text
    assert (kept.response.url.path, "Attic is connected" in kept.text) == ("/servers/Attic", True)
    discovered, dry, added = household.asked
    assert (discovered.token is not None, discovered.person_id) == (True, None)
    assert (type(dry), type(added)) == (TryServer, AddServer)
    assert added.server == ServerSettings(
        name="Attic", type="plex", url="http://10.0.0.2:32400", machine_identifier="m2"
    )
    assert TOKEN not in found.response.text + tried.response.text + kept.response.text


async def test_plex_servers_are_found_by_a_linked_account(modules_browser: Browser, household: Household) -> None:
    form = await modules_browser.open("/servers/add")

    await modules_browser.submit(form, "/servers/add", do="find", person="p1")

    assert [(asked.token, asked.person_id) for asked in household.asked] == [(None, "p1")]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_server_that_is_refused_marks_the_field_and_keeps_what_was_typed(
    modules_browser: Browser, household: Household, kind: str
) -> None:
    household.refuses = InvalidError("no", faults=(Fault("token", "the server does not accept the token"),))
    form = await modules_browser.open("/servers/add", kind=kind)

    page = await modules_browser.submit(form, "/servers/add", do="keep", name="<i>", url="http://a:1", token=TOKEN)

    assert page.status == 400
    assert "The server does not accept the token" in page.text
    assert 'aria-invalid="true"' in page.response.text
    assert (page.form("/servers/add").fields["name"], page.form("/servers/add").fields["url"]) == ("<i>", "http://a:1")
    assert page.form("/servers/add").fields["type"] == kind
    assert TOKEN not in page.response.text


async def test_a_form_with_nothing_in_it_names_the_fields(modules_browser: Browser, household: Household) -> None:
    form = await modules_browser.open("/servers/add", kind="<script>")

    page = await modules_browser.submit(form, "/servers/add", do="keep", extra="x")
    odd = await modules_browser.submit(form, "/servers/add", do="keep", type="<script>")

    assert (page.status, odd.status) == (400, 400)
    assert page.response.text.count('aria-invalid="true"') >= 1
    assert household.asked == []


async def test_findings_come_to_a_form_that_stays_on_the_page(modules_browser: Browser, household: Household) -> None:
    household.refuses = InvalidError("no", faults=(Fault("url", "something else answers there"),))
    form = (await modules_browser.open("/servers/add")).form("/servers/add")

    answer = await modules_browser.http.post(
        "/servers/add",
        data=form.fields | {"do": "test", "name": "a", "url": "http://a:1", "token": TOKEN},
        headers={"HX-Request": "true"},
    )

    assert (answer.status_code, "Something else answers there" in answer.text) == (200, True)


@pytest.mark.parametrize("name", [ODD, "seerr", "a.b"])
async def test_a_server_may_have_any_name(modules_browser: Browser, household: Household, name: str) -> None:
    household.servers = {name: msgspec.structs.replace(LIVING, name=name, type="emby", request_limit=None)}
    address = f"/servers/{quote(name)}"

    listed = await modules_browser.open("/servers")
    page = await modules_browser.open(address)
    changed = await modules_browser.submit(page, address, request_limit="7")
    tested = await modules_browser.submit(changed, f"{address}/test")
    asked = await modules_browser.open(f"{address}/remove")
    removed = await modules_browser.submit(asked, f"{address}/remove")

    assert address in listed.links
    assert [each.status for each in (page, changed, tested, asked, removed)] == [200] * 5
    assert [(each.name, each.request_limit) for each in household.asked] == [(name, 7)]
    assert household.servers == {}


async def test_only_what_was_changed_is_sent(modules_browser: Browser, household: Household) -> None:
    page = await modules_browser.open("/servers/Living room")

    unchanged = await modules_browser.submit(page, "/servers/Living%20room")
    changed = await modules_browser.submit(
        page,
        "/servers/Living%20room",
        enabled=None,
        request_limit="",
        token=TOKEN,
        password_suffix=" pw ",
        libraries=["Movies", "Shows"],
    )

    assert "are saved" in unchanged.text
    assert "are saved" in changed.text
    [asked] = household.asked
    assert (asked.enabled, asked.request_limit, asked.libraries) == (False, None, ["Movies", "Shows"])
    assert asked.url is msgspec.UNSET
    assert asked.token is not msgspec.UNSET
    assert TOKEN not in changed.response.text
    assert "…x9Qz" in changed.text


async def test_what_is_wrong_with_a_change_is_marked_and_what_was_typed_stays(
    modules_browser: Browser, household: Household
) -> None:
    page = await modules_browser.open("/servers/Living room")

    wrong = await modules_browser.submit(page, "/servers/Living%20room", request_limit="many", url="http://new:1")

    fields = wrong.form("/servers/Living%20room").fields
    assert (wrong.status, fields["request_limit"], fields["url"]) == (400, "many", "http://new:1")
    assert 'aria-invalid="true"' in wrong.response.text
    assert household.asked == []


async def test_the_later_of_two_tabs_is_told_and_may_decide(modules_browser: Browser, household: Household) -> None:
    first = await modules_browser.open("/servers/Living room")
    second = await modules_browser.open("/servers/Living room")
    await modules_browser.submit(first, "/servers/Living%20room", request_limit="20")

    told = await modules_browser.submit(second, "/servers/Living%20room", request_limit="30")
    kept = household.servers["Living room"].request_limit
    await modules_browser.submit(told, "/servers/Living%20room")

    assert (told.status, kept) == (409, 20)
    assert "Somebody else changed this meanwhile" in told.text
    assert "Request limit 30 20" in told.text
    assert told.form("/servers/Living%20room").fields["request_limit"] == "30"
    assert household.servers["Living room"].request_limit == 30


async def test_libraries_are_offered_and_a_choice_outlives_a_server_that_is_away(
    modules_browser: Browser, household: Household
) -> None:
    there = await modules_browser.open("/servers/Living room")
    household.servers["Living room"] = msgspec.structs.replace(LIVING, reachable=False, libraries=["Movies", "Gone"])
    away = await modules_browser.open("/servers/Living room")

    assert "Shows" in there.text
    assert there.form("/servers/Living%20room").fields["libraries"] == "Movies"
    assert "<script>alert" not in there.response.text
    assert "The list can be read when the server is in use" in away.text
    assert away.form("/servers/Living%20room").fields["libraries"] == ["Movies", "Gone"]


async def test_a_test_shows_its_findings_as_text(modules_browser: Browser, household: Household) -> None:
    page = await modules_browser.open(f"/servers/{next(iter(household.servers))}")

    tested = await modules_browser.submit(page, "/servers/Living%20room/test")

    assert "a Plex Media Server answers" in tested.text
    assert "give a token of the owner" in tested.text
    assert "<script>alert" not in tested.response.text
    assert "findings" in tested.ids
    assert len(tested.response.content) < 100_000


async def test_a_server_gets_a_webhook_address_of_its_own(modules_browser: Browser, household: Household) -> None:
    household.servers = {ODD: msgspec.structs.replace(LIVING, name=ODD, type="jellyfin")}
    address = f"/servers/{quote(ODD)}"
    page = await modules_browser.open(address)

    made = await modules_browser.submit(page, f"{address}/webhook")

    assert "/webhooks/jellyfin?token=" not in page.response.text
    assert "http://usher.test/webhooks/jellyfin?token=ushw_" in made.response.text
    assert not [form for form in made.forms if form.action.endswith("/webhook")]


@pytest.mark.usefixtures("household")
async def test_what_depends_on_a_server_is_said_before_it_is_removed(modules_browser: Browser) -> None:
    asked = await modules_browser.open("/servers/Living room/remove")

    removed = await modules_browser.submit(asked, "/servers/Living%20room/remove")
    again = await modules_browser.submit(asked, "/servers/Living%20room/remove")
    gone = await modules_browser.open("/servers/Living room")

    assert "1 linked account can be used there. Ada" in asked.text
    assert "12 users are known from there" in asked.text
    assert (removed.response.url.path, "Living room is removed" in removed.text) == ("/servers", True)
    assert "was removed already" in again.text
    assert gone.status == 404
