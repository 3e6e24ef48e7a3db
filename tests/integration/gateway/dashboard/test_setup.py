"""The guide through the first steps, and the overview that leads to it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import msgspec
import pytest

from shared.bus.connection import Bus
from shared.errors import NotFoundError, UnavailableError
from shared.schemas.history import (
    AccountRef,
    Count,
    CountPlays,
    ListPlays,
    PersonRef,
    Play,
    PlayIds,
    PlayPage,
    PlayStats,
)
from shared.schemas.people import ListUnclaimed, UnclaimedAccount, UnclaimedPage
from shared.schemas.plex import Item, ListSessions, Session, SessionPage
from shared.schemas.servers import ListServers, SeerrConnection, Server, ServerPage, ShowSeerr
from shared.schemas.signins import (
    ConnectedAccount,
    Integration,
    IntegrationPage,
    LinkedPerson,
    ListConnections,
)
from tests.integration.gateway.dashboard.browser import Browser
from tests.integration.service import answering, until

AT = datetime(2026, 1, 31, 18, tzinfo=UTC)
HOSTILE = '<script>alert(1)</script>\u202e"' + "x" * 10_000
SERVER = Server(
    name="Living room",
    type="plex",
    url="http://192.168.1.10:32400",
    enabled=True,
    token="…x9Qz",
    password_suffix=None,
    request_limit=None,
    machine_identifier="m1",
    include_owner=False,
    libraries=[],
    reachable=False,
    version=None,
    user_count=None,
    problem="it does not answer",
    checked_at=AT,
)
DEAD = Integration(
    provider="plex",
    account=ConnectedAccount(id="1", username="ada"),
    person=LinkedPerson(id="p1", name="Ada"),
    state="dead",
    reason="refused",
    linked_at=AT,
    checked_at=AT,
)
ITEM = Item(id="1", type="movie", title="Ran", year=1985, duration_ms=120_000)


class Household:
    """A linker and a syncer that know what a test tells them."""

    def __init__(self) -> None:
        self.servers: list[Server] = []
        self.seerr = SeerrConnection()
        self.accounts: list[Integration] = []
        self.unclaimed: list[UnclaimedAccount] = []
        self.plays: list[Play] = []

    async def list_servers(self, question: ListServers) -> ServerPage:
        return ServerPage(self.servers, len(self.servers), question.limit, 0)

    async def show_seerr(self, _question: ShowSeerr) -> SeerrConnection:
        return self.seerr

    async def list_accounts(self, question: ListConnections) -> IntegrationPage:
        return IntegrationPage(self.accounts, len(self.accounts), question.limit, 0)

    async def list_unclaimed(self, question: ListUnclaimed) -> UnclaimedPage:
        return UnclaimedPage(self.unclaimed, len(self.unclaimed), question.limit, 0)

    async def list_plays(self, question: ListPlays) -> PlayPage:
        return PlayPage(self.plays, len(self.plays), question.limit, 0)

    async def count_plays(self, question: CountPlays) -> PlayStats:
        if question.since is None:
            raise NotFoundError("the overview asks for the last days")
        return PlayStats(
            total=1,
            movies=0,
            episodes=1,
            unclaimed=0,
            watched_s=7200,
            first_at=AT,
            last_at=AT,
            by_person=[],
            by_source=[],
            by_day=[Count(question.since.date().isoformat(), 1)],
            top_shows=[],
            top_movies=[],
        )


@pytest.fixture
async def household(bus: Bus) -> AsyncIterator[Household]:
    made = Household()
    linker = (
        ListServers.answered_by(made.list_servers),
        ShowSeerr.answered_by(made.show_seerr),
        ListConnections.answered_by(made.list_accounts),
        ListUnclaimed.answered_by(made.list_unclaimed),
    )
    syncer = (ListPlays.answered_by(made.list_plays), CountPlays.answered_by(made.count_plays))
    async with answering(bus, "linker", *linker), answering(bus, "syncer", *syncer):
        yield made


@pytest.mark.usefixtures("household")
async def test_before_anything_is_connected_the_log_in_leads_to_the_guide_until_it_is_left(browser: Browser) -> None:
    guide = await browser.open("/")
    left = await browser.submit(guide, "/setup/leave")
    again = await browser.open("/")

    assert guide.response.url.path == "/setup"
    assert "0 of 5 done" in guide.text
    assert left.response.url.path == again.response.url.path == "/"
    assert "/setup" in again.links


async def test_a_step_shows_itself_done(browser: Browser, household: Household) -> None:
    household.servers = [SERVER]
    household.seerr = SeerrConnection(url="http://seerr.local", enabled=True)
    household.accounts = [DEAD]

    guide = await browser.open("/setup")

    assert "3 of 5 done" in guide.text
    assert "Waiting for the first event" in guide.text
    assert "DISCORD_PUBLIC_KEY" in guide.text
    assert "http://usher.test/webhooks/plex?token=" in guide.response.text


@pytest.mark.usefixtures("household")
async def test_the_guide_notices_the_first_event(browser: Browser) -> None:
    await browser.house.webhook("jellyfin", {"NotificationType": "PlaybackStop"})

    async def came() -> bool:
        return "The last event that came in: Jellyfin PlaybackStop" in (await browser.open("/setup")).text

    await until(came)


async def test_the_guide_is_there_while_the_services_are_away(browser: Browser) -> None:
    guide = await browser.open("/setup")

    assert guide.status == 200
    assert "cannot be seen right now" in guide.text


async def test_the_overview_names_what_needs_somebody_and_leads_to_its_mend(
    browser: Browser, household: Household
) -> None:
    household.servers = [SERVER]
    household.accounts = [DEAD]
    household.unclaimed = [
        UnclaimedAccount(source="jellyfin", server="m1", account_id="7", account_name="ada", plays=12, last_seen_at=AT)
    ]

    page = await browser.open("/")

    assert "Living room does not work as it should" in page.text
    assert "1 account must be linked again (Ada)" in page.text
    assert "1 account has no person yet" in page.text
    assert {"/servers/Living%20room", "/integrations/all", "/people/unclaimed"} <= set(page.links)


async def test_hostile_titles_are_shown_as_text_and_cut(browser: Browser, household: Household) -> None:
    household.servers = [SERVER]
    household.plays = [
        Play(
            id="1",
            person=PersonRef("p1", HOSTILE),
            account=AccountRef("plex", "m1", "1", HOSTILE),
            type="episode",
            title=HOSTILE,
            show=HOSTILE,
            season=None,
            episode=None,
            year=None,
            ids=PlayIds(),
            show_ids=PlayIds(),
            watched_at=AT,
            source="plex",
            server="m1",
        )
    ]

    page = await browser.open("/")

    assert "<script>alert" not in page.response.text
    assert "&lt;script&gt;alert(1)" in page.response.text
    assert len(page.response.content) < 100_000


async def test_a_service_that_is_away_leaves_the_rest_of_the_page(browser: Browser) -> None:
    page = await browser.open("/")

    assert page.status == 200
    assert "cannot be shown right now" in page.text
    assert "What comes in" in page.text
    assert "Nothing needs your attention" not in page.text, "nobody could look"
    assert "The syncer does not answer." in page.text


async def test_what_is_watched_cannot_be_asked_while_the_linker_is_away(browser: Browser) -> None:
    page = await browser.open("/overview/watching")

    assert page.status == 200
    assert "cannot be shown right now" in page.text


async def test_a_hostile_title_does_not_turn_the_page_around(browser: Browser, household: Household) -> None:
    household.servers = [msgspec.structs.replace(SERVER, name="Attic\u202ecitta")]

    page = await browser.open("/setup")

    assert "Atticcitta" in page.text
    assert "\u202e" not in page.response.text


async def test_the_health_of_every_part_is_shown(browser: Browser) -> None:
    page = await browser.open("/overview/health")

    assert "gateway running" in page.text
    assert "linker does not answer" in page.text
    assert "PostgreSQL answers" in page.text


async def test_discord_says_what_is_missing(browser: Browser) -> None:
    answer = await browser.house.get("/api/discord")

    assert msgspec.json.decode(answer.content) == {
        "application_id": None,
        "missing": ["DISCORD_APPLICATION_ID", "DISCORD_PUBLIC_KEY"],
        "interactions_url": "http://usher.test/discord/interactions",
        "is_reachable": False,
    }


@pytest.mark.usefixtures("household")
async def test_what_is_watched_now_is_asked_of_each_plex_server_on_its_own(
    browser: Browser, bus: Bus, household: Household
) -> None:
    away = msgspec.structs.replace(SERVER, name="Attic")
    household.servers = [SERVER, away]

    async def list_sessions(question: ListSessions) -> SessionPage:
        if question.server == "Attic":
            raise UnavailableError("Attic does not answer")
        return SessionPage(
            [Session(item=ITEM, user_id="1", username="ada", player="TV", state="playing", position_ms=60_000)], 1, 8, 0
        )

    async with answering(bus, "syncer", ListSessions.answered_by(list_sessions)):
        page = await browser.open("/overview/watching")

    assert "Ran 1985 ada, Living room" in page.text
    assert "Attic does not answer" in page.text


@pytest.mark.usefixtures("household")
async def test_the_last_days_are_counted_as_a_picture_and_as_a_table(browser: Browser) -> None:
    page = await browser.open("/overview/counts")

    assert "Plays 1" in page.text
    assert "Hours 2" in page.text
    assert page.response.text.count("<rect") == 30
    assert page.response.text.count('<td class="number">1</td>') == 1
