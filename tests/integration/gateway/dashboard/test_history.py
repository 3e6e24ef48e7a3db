"""The history: filters in the address, a person's view, counts, and who sees what."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.bus.connection import Bus
from shared.postgres.pool import Pool
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
from shared.schemas.people import FindPerson, ListPeople, Person, PersonPage
from tests.integration.gateway.dashboard.browser import Browser
from tests.integration.service import answering

AT = datetime(2026, 1, 31, 18, tzinfo=UTC)
ADA = Person(id="ada", name="Ada", identities=[], seerr_user_id=None)
HOSTILE = "<script>alert(1)</script>\N{RIGHT-TO-LEFT OVERRIDE}" + "x" * 10_000


def play(title: str, **others: Any) -> Play:
    given: dict[str, Any] = {
        "id": "1",
        "person": PersonRef("ada", "Ada"),
        "account": AccountRef("plex", "m1", "1", "ada"),
        "type": "movie",
        "title": title,
        "show": None,
        "season": None,
        "episode": None,
        "year": None,
        "ids": PlayIds(),
        "show_ids": PlayIds(),
        "watched_at": AT,
        "source": "plex",
        "server": "m1",
    }
    return Play(**{**given, **others})


class Syncer:
    """Knows plays, and keeps what it is asked."""

    def __init__(self) -> None:
        self.plays = [play("The Matrix", year=1999)]
        self.lists: list[ListPlays] = []
        self.counts: list[CountPlays] = []

    async def list_plays(self, question: ListPlays) -> PlayPage:
        self.lists.append(question)
        return PlayPage(self.plays, len(self.plays), question.limit, question.offset)

    async def count_plays(self, question: CountPlays) -> PlayStats:
        self.counts.append(question)
        return PlayStats(
            total=41,
            movies=30,
            episodes=11,
            unclaimed=0,
            watched_s=7200,
            first_at=AT,
            last_at=AT,
            by_person=[Count("Ada", 41)],
            by_source=[Count("plex", 41)],
            by_day=[Count("2026-01-31", 7)],
            top_shows=[Count("Severance", 11)],
            top_movies=[Count(self.plays[0].title if self.plays else "Alien", 3)],
        )

    def answering(self, bus: Bus) -> Any:
        return answering(
            bus, "syncer", ListPlays.answered_by(self.list_plays), CountPlays.answered_by(self.count_plays)
        )


async def list_people(question: ListPeople) -> PersonPage:
    return PersonPage([ADA], 1, question.limit, 0)


async def find_person(_question: FindPerson) -> Person:
    return ADA


def linker(bus: Bus) -> Any:
    return answering(bus, "linker", ListPeople.answered_by(list_people), FindPerson.answered_by(find_person))


class TestAReader:
    """These share a gateway."""

    pytestmark = pytest.mark.asyncio(loop_scope="module")

    async def test_the_filters_of_the_address_are_asked_and_shown(
        self, modules_browser: Browser, bus_beside: Bus
    ) -> None:
        syncer = Syncer()
        query = {"person": "ada", "type": "movie", "since": "2026-01-01", "until": "2026-01-31", "search": " matrix "}
        async with syncer.answering(bus_beside), linker(bus_beside):
            page = await modules_browser.open("/history", **query)
            counted = await modules_browser.open("/history/counts", **query)

        wanted: dict[str, Any] = {
            "person": "ada",
            "type": "movie",
            "since": datetime(2026, 1, 1, tzinfo=UTC),
            "until": datetime(2026, 1, 31, tzinfo=UTC) + timedelta(days=1),
            "search": "matrix",
        }
        assert syncer.lists == [ListPlays(**wanted)]
        assert syncer.counts == [CountPlays(**wanted)]
        assert page.form("/history").fields == {**query, "search": "matrix"}
        assert "What Ada watched" in page.title
        assert "The Matrix 1999" in page.text
        assert "2026-01-31: 7" in counted.text
        assert "Severance 11" in counted.text

    async def test_an_address_of_nonsense_breaks_nothing(self, modules_browser: Browser, bus_beside: Bus) -> None:
        syncer = Syncer()
        async with syncer.answering(bus_beside), linker(bus_beside):
            page = await modules_browser.open(
                "/history", type="opera", since="0001-01-01", until="9999-99-99", search="\x00", offset="x"
            )

        assert page.status == 200
        assert syncer.lists == [ListPlays()]

    async def test_hostile_titles_are_shown_as_text_and_cut(self, modules_browser: Browser, bus_beside: Bus) -> None:
        syncer = Syncer()
        hostile = play(HOSTILE, show=HOSTILE, type="episode", person=None, account=AccountRef("plex", "", "1", HOSTILE))
        syncer.plays = [hostile] * 50
        async with syncer.answering(bus_beside), linker(bus_beside):
            page = await modules_browser.open("/history")

        assert "&lt;script&gt;alert(1)" in page.response.text
        assert "<script>alert" not in page.response.text
        assert len(page.response.content) < 100_000

    async def test_nothing_to_show_leads_on(self, modules_browser: Browser, bus_beside: Bus) -> None:
        syncer = Syncer()
        syncer.plays = []
        async with syncer.answering(bus_beside), linker(bus_beside):
            new = await modules_browser.open("/history")
            filtered = await modules_browser.open("/history", type="movie")

        assert "/setup" in new.links
        assert "No play fits these filters" in filtered.text

    async def test_without_the_services_the_filters_are_there(self, modules_browser: Browser) -> None:
        page = await modules_browser.open("/history", person="ada")

        assert page.status == 200
        assert page.text.count("cannot be shown right now") == 1
        assert page.form("/history").fields["person"] == "ada"


async def test_a_person_sees_only_their_own_and_no_filter_by_person(browser: Browser, pool: Pool, bus: Bus) -> None:
    await pool.execute("update gateway.users set scopes = '{self}', person_id = 'ada'")
    syncer = Syncer()
    async with syncer.answering(bus), linker(bus):
        page = await browser.open("/history", person="bea")
        counted = await browser.open("/history/counts", person="bea")

    assert (page.status, counted.status) == (200, 200)
    assert "person" not in page.form("/history").fields
    assert "By person" not in counted.text
    assert (syncer.lists, syncer.counts) == ([ListPlays(person="ada")], [CountPlays(person="ada")])
