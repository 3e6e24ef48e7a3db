"""`/api/plex/{server}`: what is passed to the syncer, and who may ask."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from shared.bus.connection import Bus
from shared.errors import ConflictError, ForbiddenError, NotFoundError
from shared.schemas.plex import (
    Item,
    ItemPage,
    Library,
    LibraryPage,
    ListItems,
    ListLibraries,
    ListRecentlyAdded,
    ListSessions,
    SearchItems,
    SessionPage,
)
from shared.schemas.question import Answer, Question
from tests.integration.gateway.house import House
from tests.integration.gateway.test_questions import Asked
from tests.integration.service import answering

HOSTILE = Item(id="1", type="movie", title="<script>alert(1)</script> \N{RIGHT-TO-LEFT OVERRIDE}\U0001f4a9")
ITEMS = ItemPage([HOSTILE], 1, 7, 14)
PAGE = {"limit": "7", "offset": "14"}
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def house(modules_house: House) -> House:
    """One for all tests: none of them leaves anything behind."""
    return modules_house


@pytest.fixture
def bus(bus_beside: Bus) -> Bus:
    return bus_beside


@pytest.mark.parametrize(
    ("path", "params", "question", "answer"),
    [
        (
            "libraries",
            {},
            ListLibraries(server="The attic"),
            LibraryPage([Library(id="1", title="Movies", type="movie", agent=None)], 1, 50, 0),
        ),
        (
            "libraries/2/items",
            {"kind": "episode", "person": "p1", **PAGE},
            ListItems(server="The attic", library_id="2", kind="episode", person="p1", limit=7, offset=14),
            ITEMS,
        ),
        ("recently-added", PAGE, ListRecentlyAdded(server="The attic", limit=7, offset=14), ITEMS),
        ("search", {"query": "a & b"}, SearchItems(server="The attic", query="a & b"), ITEMS),
        ("sessions", {"person": "p1"}, ListSessions(server="The attic", person="p1"), SessionPage([], 0, 50, 0)),
    ],
)
async def test_a_question_is_handed_on_and_its_answer_back(
    house: House, bus: Bus, path: str, params: Mapping[str, str], question: Question[Any], answer: msgspec.Struct
) -> None:
    asked = Asked(answer)
    async with answering(bus, "syncer", Answer(type(question), asked)):
        got = await house.get(f"/api/plex/The%20attic/{path}", **params)

    assert got.status_code == 200, got.text
    assert got.headers["content-type"] == "application/json"
    assert msgspec.json.decode(got.content, type=type(answer)) == answer
    assert asked.questions == [question]


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("libraries", {"limit": "201"}),
        ("libraries", {"offset": "-1"}),
        ("libraries", {"person": "a b"}),
        ("libraries", {"person": ""}),
        ("libraries/x/items", {}),
        ("libraries/..%2F..%2Faccounts/items", {}),
        ("libraries/1/items", {"kind": "everything"}),
        ("search", {}),
        ("search", {"query": ""}),
        ("search", {"query": "   "}),
        ("search", {"query": "a\x00b"}),
        ("search", {"query": "a" * 201}),
    ],
)
async def test_wrong_input_is_refused_here(house: House, path: str, params: Mapping[str, Any]) -> None:
    got = await house.get(f"/api/plex/Attic/{path}", **params)

    assert got.status_code in {400, 404}, got.text
    assert got.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("error", [NotFoundError("none"), ConflictError("not linked"), ForbiddenError("not yours")])
async def test_a_refusal_of_the_syncer_is_passed_on(house: House, bus: Bus, error: Any) -> None:
    async with answering(bus, "syncer", Answer(ListSessions, Asked(error))):
        got = await house.get("/api/plex/Attic/sessions")

    assert (got.status_code, got.json()["detail"]) == (error.status, error.detail)


@pytest.mark.parametrize(
    ("path", "scope", "status"),
    [
        ("libraries", "read", 503),
        ("search?query=x", "read", 503),
        ("recently-added", "read", 503),
        ("libraries/1/items", "read", 503),
        ("sessions", "write", 403),
        ("sessions", "admin", 503),
    ],
)
async def test_who_may_ask(house: House, path: str, scope: str, status: int) -> None:
    made = await house.post("/api/keys", {"name": "k", "scopes": [scope]})

    got = await house.http.get(f"/api/plex/Attic/{path}", headers={"X-API-Key": made.json()["key"]})
    nobody = await house.http.get(f"/api/plex/Attic/{path}")

    assert (got.status_code, nobody.status_code) == (status, 401)
