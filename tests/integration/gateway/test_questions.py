"""What the gateway asks other services, with prepared answers."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from shared.bus.connection import Bus
from shared.errors import ConflictError, Fault, InvalidError, NotFoundError
from shared.http.calls import RateLimitedError, RefusedError
from shared.schemas.history import CountPlays, ListPlays, PlayPage, PlayStats
from shared.schemas.people import (
    ClaimAccount,
    FindPerson,
    GiveBackAccount,
    ListMerges,
    ListNamesakes,
    ListPeople,
    ListUnclaimed,
    MergedPeople,
    MergedPerson,
    MergePeople,
    Person,
    PersonPage,
    UnclaimedPage,
    UnmergePeople,
)
from shared.schemas.question import Answer
from tests.integration.gateway.house import House
from tests.integration.service import answering

AT = datetime(2026, 1, 31, 18, 0, tzinfo=UTC)
ADA = Person(id="p1", name="Ada", identities=[], seerr_user_id=None)
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def house(modules_house: House) -> House:
    """One for all tests: none of them leaves anything behind."""
    return modules_house


@pytest.fixture
def bus(bus_beside: Bus) -> Bus:
    return bus_beside


class Asked:
    """Answers every question as prepared, and records the questions."""

    def __init__(self, answer: msgspec.Struct | Exception) -> None:
        self.questions: list[msgspec.Struct] = []
        self._answer = answer

    async def __call__(self, question: msgspec.Struct) -> msgspec.Struct:
        self.questions.append(question)
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


@pytest.mark.parametrize(
    ("service", "path", "params", "question", "answer"),
    [
        ("syncer", "/api/history", {}, ListPlays(), PlayPage([], 0, 50, 0)),
        (
            "syncer",
            "/api/history",
            {
                "person": "p1",
                "type": "episode",
                "since": "2026-01-31T19:00:00+01:00",
                "until": "2026-02-01",
                "search": "Severance",
                "limit": "7",
                "offset": "14",
            },
            ListPlays(
                person="p1",
                type="episode",
                since=AT,
                until=datetime(2026, 2, 1, tzinfo=UTC),
                search="Severance",
                limit=7,
                offset=14,
            ),
            PlayPage([], 14, 7, 14),
        ),
        (
            "syncer",
            "/api/history/stats",
            {"type": "movie"},
            CountPlays(type="movie"),
            PlayStats(
                total=0,
                movies=0,
                episodes=0,
                unclaimed=0,
                watched_s=0,
                first_at=None,
                last_at=None,
                by_person=[],
                by_source=[],
                by_day=[],
                top_shows=[],
                top_movies=[],
            ),
        ),
        (
            "linker",
            "/api/people",
            {"search": "ada", "limit": "3"},
            ListPeople(search="ada", limit=3),
            PersonPage([ADA], 1, 3, 0),
        ),
        ("linker", "/api/people/p1", {}, FindPerson(person_id="p1"), ADA),
        (
            "linker",
            "/api/people/p1/merges",
            {},
            ListMerges(person_id="p1"),
            MergedPeople([MergedPerson(id="p2", name="Bea", merged_at=AT)]),
        ),
        ("linker", "/api/people/unclaimed", {"offset": "5"}, ListUnclaimed(offset=5), UnclaimedPage([], 5, 50, 5)),
        (
            "linker",
            "/api/people/unclaimed/namesakes",
            {"search": "ada", "account_id": "7", "limit": "5"},
            ListNamesakes(search="ada", account_id="7", limit=5),
            PersonPage([ADA], 1, 5, 0),
        ),
    ],
)
async def test_a_query_is_handed_on_and_its_answer_back(
    house: House, bus: Bus, service: str, path: str, params: dict[str, str], question: Any, answer: msgspec.Struct
) -> None:
    asked = Asked(answer)
    async with answering(bus, service, Answer(type(question), asked)):
        got = await house.get(path, **params)

    assert got.status_code == 200, got.text
    assert got.json() == msgspec.to_builtins(answer)
    assert asked.questions == [question]


@pytest.mark.parametrize(
    ("path", "body", "question", "action"),
    [
        (
            "/api/people/unclaimed/claim",
            {"source": "plex", "server": "s", "account_id": "1", "person_id": "p1"},
            ClaimAccount(source="plex", server="s", account_id="1", person_id="p1"),
            ("account.claimed", "plex 1 for p1"),
        ),
        (
            "/api/people/p1/merge",
            {"merged_id": "p2"},
            MergePeople(person_id="p1", merged_id="p2"),
            ("person.merged", "p2 into p1"),
        ),
        (
            "/api/people/p2/unmerge",
            {"merged_id": "p1"},
            UnmergePeople(person_id="p2", merged_id="p1"),
            ("person.unmerged", "p1 out of p2"),
        ),
        (
            "/api/people/p1/give-back",
            {"source": "plex", "server": "s", "account_id": "1"},
            GiveBackAccount(person_id="p1", source="plex", server="s", account_id="1"),
            ("account.returned", "plex 1 of p1"),
        ),
    ],
)
async def test_a_change_is_handed_on_and_noted(
    house: House, bus: Bus, path: str, body: Any, question: Any, action: tuple[str, str]
) -> None:
    asked = Asked(ADA)
    async with answering(bus, "linker", Answer(type(question), asked)):
        got = await house.post(path, body)

    assert (got.status_code, got.json()) == (200, msgspec.to_builtins(ADA))
    assert asked.questions == [question]
    entry = (await house.get("/api/audit")).json()["items"][0]
    assert (entry["action"], entry["object"]) == action


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFoundError("nobody"), 404),
        (ConflictError("taken"), 409),
        (InvalidError("odd", faults=(Fault("a", "b"),)), 400),
    ],
)
async def test_an_error_of_a_service_comes_out_as_a_problem(
    house: House, bus: Bus, error: Exception, status: int
) -> None:
    noted = (await house.get("/api/audit")).json()["total"]

    async with answering(bus, "linker", Answer(MergePeople, Asked(error))):
        got = await house.post("/api/people/p1/merge", {"merged_id": "p2"})

    assert (got.status_code, got.json()["detail"]) == (status, str(error))
    assert (await house.get("/api/audit")).json()["total"] == noted


async def test_a_refusal_of_another_system_is_a_502_that_names_it(house: House, bus: Bus) -> None:
    error = RefusedError("Plex does not accept the credential (401)", answered=401)
    async with answering(bus, "linker", Answer(ListPeople, Asked(error))):
        got = await house.get("/api/people")

    assert (got.status_code, got.headers["content-type"]) == (502, "application/problem+json")
    assert (got.json()["title"], got.json()["detail"]) == ("Refused by another system", str(error))


async def test_another_system_that_asks_to_wait_is_a_503_that_says_for_how_long(house: House, bus: Bus) -> None:
    error = RateLimitedError("plex.tv asks to wait (429)", retry_after=timedelta(seconds=41.5))
    async with answering(bus, "linker", Answer(ListPeople, Asked(error))):
        got = await house.get("/api/people")

    assert (got.status_code, got.json()["detail"], got.headers["Retry-After"]) == (503, str(error), "42")


async def test_a_service_that_is_away_is_a_503(house: House) -> None:
    for path in ("/api/history", "/api/people"):
        got = await house.get(path)

        assert got.status_code == 503
        assert got.headers["Retry-After"] == "5"
        assert got.headers["content-type"] == "application/problem+json"
