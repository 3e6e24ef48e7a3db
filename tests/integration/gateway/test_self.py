"""Keys and sessions that are a person's: what is theirs, and nothing of anybody else's."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest
import pytest_asyncio

from shared.bus.connection import Bus
from shared.errors import NotFoundError
from shared.postgres.pool import Pool
from shared.schemas.history import CountPlays, ListPlays
from shared.schemas.people import ClaimAccount, FindPerson, MergePeople, Person
from shared.schemas.question import Answer, Question
from shared.schemas.signins import (
    AccountHolder,
    BeginSignIn,
    CancelSignIn,
    CheckSignIn,
    ConnectAccount,
    ListConnections,
    RemoveConnections,
)
from tests.integration.gateway.house import ADMIN, PASSWORD, House
from tests.integration.service import answering

ADA = Person(id="ada", name="Ada", identities=[], seerr_user_id=None)
BEA = Person(id="bea", name="Bea", identities=[], seerr_user_id=None)
Headers = dict[str, str]
pytestmark = pytest.mark.asyncio(loop_scope="module")


class Elsewhere:
    """The linker and the syncer: they know persons, refuse everything else, and keep what they were asked."""

    def __init__(self) -> None:
        self.persons = {"ada": ADA, "bea": BEA}
        self.asked: list[Question[Any]] = []

    async def find(self, question: FindPerson) -> Person:
        if question.person_id not in self.persons:
            raise NotFoundError("there is no such person")
        return self.persons[question.person_id]

    async def note(self, question: Question[Any]) -> msgspec.Struct:
        self.asked.append(question)
        raise NotFoundError("nothing here")


LINKER = (
    *(BeginSignIn, CancelSignIn, CheckSignIn, ConnectAccount),
    *(ListConnections, RemoveConnections, ClaimAccount, MergePeople),
)


@pytest.fixture
def house(restored_house: House) -> House:
    return restored_house


@pytest.fixture
def pool(restored_pool: Pool) -> Pool:
    return restored_pool


@pytest_asyncio.fixture(loop_scope="module")
async def elsewhere(bus_beside: Bus) -> AsyncIterator[Elsewhere]:
    made = Elsewhere()
    linker = [Answer(FindPerson, made.find), *(Answer(kind, made.note) for kind in LINKER)]
    syncer = [Answer(kind, made.note) for kind in (ListPlays, CountPlays)]
    async with answering(bus_beside, "linker", *linker) as one, answering(bus_beside, "syncer", *syncer) as other:
        yield made
        for answers in (one, other):  # else the next test's first question might be sent to these
            await answers.finish(within=timedelta(seconds=5))


async def make_key(house: House, *scopes: str, person_id: str | None = "ada") -> httpx.Response:
    return await house.post("/api/keys", {"name": "script", "scopes": scopes, "person_id": person_id})


async def key(house: House, *scopes: str, person_id: str | None = "ada") -> Headers:
    made = await make_key(house, *scopes, person_id=person_id)
    assert made.status_code == 201, made.text
    return {"X-API-Key": made.json()["key"]}


async def session(house: House, pool: Pool) -> Headers:
    """Log in a user who is no admin: there is no route yet that makes one."""
    await pool.execute("update users set scopes = '{self}', person_id = 'ada'")
    begun = await house.post("/api/auth/login", {"username": "admin", "password": PASSWORD}, headers={})
    return {"Authorization": f"Bearer {begun.json()['token']}"}


async def ask(house: House, headers: Headers, method: str, path: str, body: Any = None) -> httpx.Response:
    return await house.http.request(method, path, json=body, headers=headers)


async def test_a_key_says_whose_it_is(house: House, elsewhere: Elsewhere) -> None:
    made = await make_key(house, "self")

    assert (made.json()["scopes"], made.json()["person_id"]) == (["self"], "ada")
    [listed, _] = (await house.get("/api/keys")).json()["items"]
    assert (listed["scopes"], listed["person_id"]) == (["self"], "ada")
    mine = {"X-API-Key": made.json()["key"]}
    verified = (await house.get("/api/auth/verify", headers=mine)).json()
    assert verified == {"name": "script", "scopes": ["self"], "kind": "key", "person_id": "ada"}
    assert (await house.get("/api/audit")).json()["items"][0]["object"] == "key script of ada"


@pytest.mark.parametrize("scopes", [["self"], ["self", "read"], ["admin", "self"]])
async def test_the_scope_self_without_a_person_is_refused(house: House, scopes: list[str]) -> None:
    answer = await make_key(house, *scopes, person_id=None)

    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"path": "person_id", "message": "say whose key it is"}]


async def test_a_key_for_an_unknown_person_is_refused(house: House, elsewhere: Elsewhere) -> None:
    answer = await make_key(house, "self", person_id="nobody")

    assert answer.status_code == 400
    assert [error["path"] for error in answer.json()["errors"]] == ["person_id"]
    assert (await house.get("/api/keys")).json()["total"] == 1


async def test_no_key_is_made_for_a_person_while_the_linker_is_away(house: House) -> None:
    assert (await make_key(house, "self")).status_code == 503


ADAS = AccountHolder(user=None, key="", person_id="ada")
OWN: list[tuple[str, str, Any, Question[Any]]] = [
    ("GET", "/api/history", None, ListPlays(person="ada")),
    ("GET", "/api/history?person=ada", None, ListPlays(person="ada")),
    ("GET", "/api/history/stats", None, CountPlays(person="ada")),
    ("GET", "/api/history/stats?person=ada", None, CountPlays(person="ada")),
    ("GET", "/api/integrations", None, ListConnections(who=ADAS)),
    ("GET", "/api/integrations?person=ada", None, ListConnections(who=ADAS)),
    ("GET", "/api/integrations/plex/connect", None, ListConnections(who=ADAS, provider="plex")),
    ("POST", "/api/integrations/plex/auth/pin", {}, BeginSignIn(who=ADAS, provider="plex")),
    ("POST", "/api/integrations/plex/auth/pin", {"person_id": "ada"}, BeginSignIn(who=ADAS, provider="plex")),
    ("GET", "/api/integrations/plex/auth/pin", None, BeginSignIn(who=ADAS, provider="plex")),
    (
        *("POST", "/api/integrations/plex/auth/check", {"pin_id": "x"}),
        CheckSignIn(pin_id="x", provider="plex", person_id="ada"),
    ),
    (
        *("DELETE", "/api/integrations/plex/auth/pin/x", None),
        CancelSignIn(pin_id="x", provider="plex", person_id="ada"),
    ),
    ("DELETE", "/api/integrations/plex/connect", None, RemoveConnections(who=ADAS, provider="plex")),
    (
        *("DELETE", "/api/integrations/plex/connect?account=7", None),
        RemoveConnections(who=ADAS, provider="plex", account_id="7"),
    ),
]


@pytest.mark.parametrize(("method", "path", "body", "question"), OWN)
async def test_one_gets_to_what_is_ones_own_by_key_and_by_session(
    house: House, elsewhere: Elsewhere, pool: Pool, method: str, path: str, body: Any, question: Question[Any]
) -> None:
    for headers in (await key(house, "self"), await session(house, pool)):
        answer = await ask(house, headers, method, path, body)

        assert answer.status_code == 404, answer.text
        asked = elsewhere.asked.pop()
        assert without_credential(asked) == without_credential(question)


def without_credential(question: Question[Any]) -> Question[Any]:
    """Return a question that does not say by which key or session it is asked."""
    if getattr(question, "who", None) is None:
        return question
    who = msgspec.structs.replace(question.who, key=None, user=None)  # type: ignore[attr-defined]
    return msgspec.structs.replace(question, who=who)


async def test_one_sees_oneself(house: House, elsewhere: Elsewhere) -> None:
    answer = await ask(house, await key(house, "self"), "GET", "/api/people/ada")

    assert (answer.status_code, answer.json()["name"]) == (200, "Ada")


OTHERS: list[tuple[str, str, Any]] = [
    ("GET", "/api/people/bea", None),
    ("GET", "/api/people/nobody", None),
    ("GET", "/api/people/bea/export", None),
    ("POST", "/api/people/ada/unmerge", {"merged_id": "bea"}),
    ("DELETE", "/api/people/ada", None),
    ("GET", "/api/history?person=bea", None),
    ("GET", "/api/history?person=Ada", None),
    ("GET", "/api/history/stats?person=bea", None),
    ("GET", "/api/integrations?person=bea", None),
    ("GET", "/api/integrations?all=true", None),
    ("GET", "/api/integrations/plex/connect?person=bea", None),
    ("DELETE", "/api/integrations/plex/connect?person=bea", None),
    ("DELETE", "/api/integrations/plex/connect?account=7&person=bea", None),
    ("GET", "/api/integrations/plex/auth/pin?person=bea", None),
    ("POST", "/api/integrations/plex/auth/pin", {"person_id": "bea"}),
    ("POST", "/api/integrations/plex/connect", {"token": "t", "person_id": "bea"}),
    ("POST", "/api/integrations/plex/connect", {"token": "t", "discord_id": "80351110224678912"}),
    ("GET", "/api/people", None),
    ("GET", "/api/people/unclaimed", None),
    ("GET", "/api/people/unclaimed/namesakes", None),
    ("GET", "/api/events", None),
    ("GET", "/api/events/stream", None),
    ("GET", "/api/keys", None),
]


@pytest.mark.parametrize(("method", "path", "body"), OTHERS)
async def test_no_one_reaches_what_belongs_to_others(
    house: House, elsewhere: Elsewhere, pool: Pool, method: str, path: str, body: Any
) -> None:
    for headers in (await key(house, "self"), await session(house, pool)):
        answer = await ask(house, headers, method, path, body)

        assert answer.status_code == 403, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
    assert elsewhere.asked == []


async def test_an_account_is_linked_for_the_person_of_the_key(house: House, elsewhere: Elsewhere) -> None:
    await ask(house, await key(house, "self"), "POST", "/api/integrations/plex/connect", {"token": "t"})

    [asked] = elsewhere.asked
    assert isinstance(asked, ConnectAccount)
    assert (asked.who.person_id, asked.who.discord_id) == ("ada", None)


async def test_a_key_that_may_read_sees_everybody_and_acts_as_its_person_only(
    house: House, elsewhere: Elsewhere
) -> None:
    reader = await key(house, "read")
    await ask(house, reader, "GET", "/api/history")
    await ask(house, reader, "POST", "/api/integrations/plex/auth/pin", {})
    others = await ask(house, reader, "POST", "/api/integrations/plex/auth/pin", {"person_id": "bea"})

    everybody, own = elsewhere.asked
    assert everybody == ListPlays()
    assert isinstance(own, BeginSignIn)
    assert own.who.person_id == "ada"
    assert others.status_code == 403


async def test_only_admin_gives_an_account_to_somebody_or_merges_people(house: House, elsewhere: Elsewhere) -> None:
    claim = {"source": "jellyfin", "server": "s", "account_id": "7"}
    merge = {"merged_id": "bea"}
    nobodys, adas = await key(house, "write", person_id=None), await key(house, "write")

    async def status(headers: Headers, path: str, body: Any) -> int:
        return (await ask(house, headers, "POST", path, body)).status_code

    for writer in (nobodys, adas):
        assert await status(writer, "/api/people/unclaimed/claim", {**claim, "person_id": "bea"}) == 403
        assert await status(writer, "/api/people/ada/merge", merge) == 403
    assert await status(adas, "/api/people/unclaimed/claim", {**claim, "person_id": "ada"}) == 404
    assert await status(nobodys, "/api/people/unclaimed/claim", claim) == 404
    assert await status(ADMIN, "/api/people/unclaimed/claim", {**claim, "person_id": "bea"}) == 404
    assert await status(ADMIN, "/api/people/ada/merge", merge) == 404


async def test_an_admin_who_is_a_person_makes_a_new_one_by_giving_a_name(house: House, elsewhere: Elsewhere) -> None:
    claim = {"source": "jellyfin", "server": "s", "account_id": "7"}
    admins, writers = await key(house, "admin", "write"), await key(house, "write")

    for headers, body in ((admins, claim | {"name": "Cleo"}), (admins, claim), (writers, claim | {"name": "Cleo"})):
        await ask(house, headers, "POST", "/api/people/unclaimed/claim", body)

    claims = [asked for asked in elsewhere.asked if isinstance(asked, ClaimAccount)]
    assert [(each.person_id, each.name) for each in claims] == [(None, "Cleo"), ("ada", None), ("ada", "Cleo")]


async def test_the_key_of_a_merged_person_belongs_to_the_other(house: House, elsewhere: Elsewhere) -> None:
    mine = await key(house, "self")
    elsewhere.persons["ada"] = BEA

    assert (await house.get("/api/auth/verify", headers=mine)).json()["person_id"] == "bea"
    for path in ("/api/history", "/api/history?person=ada", "/api/history?person=bea"):
        await ask(house, mine, "GET", path)
    assert elsewhere.asked == [ListPlays(person="bea")] * 3
    assert (await ask(house, mine, "GET", "/api/people/ada")).json()["name"] == "Bea"


async def test_a_key_made_for_a_merged_person_belongs_to_the_other(house: House, elsewhere: Elsewhere) -> None:
    elsewhere.persons["ada"] = BEA

    assert (await make_key(house, "self")).json()["person_id"] == "bea"


@pytest.mark.parametrize("scope", ["self", "read", "admin"])
async def test_the_key_of_a_removed_person_opens_nothing(house: House, elsewhere: Elsewhere, scope: str) -> None:
    mine = await key(house, scope)
    del elsewhere.persons["ada"]

    answer = await house.get("/api/history", headers=mine)

    assert answer.status_code == 403
    assert "is not known any more" in answer.json()["detail"]
    assert elsewhere.asked == []


async def test_a_person_changes_their_own_password_and_logs_out(house: House, elsewhere: Elsewhere, pool: Pool) -> None:
    own = await session(house, pool)
    body = {"current_password": PASSWORD, "new_password": "another long password"}

    changed = await ask(house, own, "PUT", "/api/auth/password", body)
    left = await ask(house, own, "POST", "/api/auth/logout")

    assert (changed.status_code, left.status_code) == (204, 204)
