"""Bad input of every kind, at every route: never a 5xx, always a problem."""

import urllib.parse
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any, Final

import httpx
import msgspec
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.bus.connection import Bus
from shared.schemas.history import CountPlays, ListPlays, PlayPage, PlayStats
from shared.schemas.people import (
    ClaimAccount,
    FindPerson,
    ListNamesakes,
    ListPeople,
    ListUnclaimed,
    MergePeople,
    Person,
    PersonPage,
    UnclaimedPage,
)
from shared.schemas.plex import ItemPage, LibraryPage, ListItems, ListLibraries, SearchItems
from shared.schemas.question import Answer, Question
from shared.schemas.users import FindUserSettings, ListUserSettings, UserSettings, UserSettingsPage
from tests.integration.gateway.house import ADMIN, House
from tests.integration.service import answering, until

GETS: Final = (
    "/api/auth/verify",
    "/api/auth/sessions",
    "/api/keys",
    "/api/webhooks/secrets",
    "/api/audit",
    "/api/events",
    "/api/events/{}",
    "/api/deadletters",
    "/api/deadletters/{}",
    "/api/history",
    "/api/history/stats",
    "/api/people",
    "/api/people/{}",
    "/api/people/unclaimed",
    "/api/people/unclaimed/namesakes",
    "/api/plex/{}/libraries",
    "/api/plex/{0}/libraries/{0}/items",
    "/api/plex/{}/search",
    "/api/users/settings",
    "/api/users/{}/settings",
    "/health",
    "/ready",
    "/metrics",
    "/docs/{}",
    "/docs/assets/{}",
    "/{}",
    "/webhooks/{}",
)
POSTS: Final = (
    "/api/auth/login",
    "/api/auth/logout",
    "/api/keys",
    "/api/webhooks/secrets",
    "/api/events/{}/replay",
    "/api/deadletters/{}/replay",
    "/api/people/unclaimed/claim",
    "/api/people/{}/merge",
    "/webhooks/{}",
    "/webhooks/jellyfin/{}",
)
FIELDS: Final = (
    "username",
    "password",
    "name",
    "scopes",
    "expires_at",
    "source",
    "server",
    "account_id",
    "person_id",
    "merged_id",
    "type",
)
PARAMETERS: Final = (
    "limit",
    "offset",
    "source",
    "event",
    "status",
    "server",
    "since",
    "until",
    "search",
    "full",
    "person",
    "type",
    "service",
    "actor",
    "action",
    "token",
    "query",
    "kind",
)
ODD: Final = (
    b"",
    b"\x00",
    b"a\x00b",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"-1",
    b"0",
    b"1",
    b"200",
    b"201",
    b"9223372036854775807",
    b"9223372036854775808",
    b"1" * 5000,
    b"1e309",
    b"NaN",
    b"true",
    b"plex",
    b"pending",
    b"movie",
    b"0001-01-01T00:00:00+23:59",
    b"9999-12-31T23:59:59-23:59",
    b"2026-02-30T00:00:00Z",
    b"99999999999999",
    b"' or 1=1 --",
    b"%",
    b"<script>",
    b"../../etc/passwd",
    "🎬".encode() * 100,
)
MANY = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

raw = st.one_of(
    st.sampled_from(ODD), st.binary(max_size=40), st.text(max_size=40).map(lambda text: text.encode(errors="replace"))
)
query = st.one_of(
    st.lists(st.tuples(st.sampled_from(PARAMETERS), raw), max_size=6).map(
        lambda pairs: "&".join(f"{name}={urllib.parse.quote_from_bytes(value)}" for name, value in pairs)
    ),
    st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#"), max_size=60),
)
segment = raw.map(lambda value: urllib.parse.quote_from_bytes(value, safe="") or "%00")
scalar = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=30),
    st.sampled_from([odd.decode(errors="replace") for odd in ODD]),
    st.sampled_from(["read", "admin", "plex", "p1", "2100-01-01T00:00:00Z"]),
)
value = st.recursive(scalar, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner))
body = st.one_of(
    st.binary(max_size=100),
    st.dictionaries(st.sampled_from(FIELDS), value, max_size=6).map(msgspec.json.encode),
    value.map(msgspec.json.encode),
    st.sampled_from([b"{", b"[" * 5000, b'{"a":' * 5000, b'"\xed\xa0\x80"', b'{"name":"x","name":"y"}', b"{}" * 3]),
)
content_type = st.sampled_from(
    ["application/json", "application/json; charset=utf-16", "text/plain", "", "a/b/c", ";;", "application/json;"]
)


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(modules_house: House, modules_bus: Bus) -> AsyncIterator[House]:
    """A gateway whose questions are answered."""
    ada = Person(id="p1", name="Ada", identities=[], seerr_user_id=None)
    stats: dict[str, Any] = dict.fromkeys(("total", "movies", "episodes", "unclaimed", "watched_s"), 0)
    lists: dict[str, Any] = {name: [] for name in ("by_person", "by_source", "by_day", "top_shows", "top_movies")}
    answers: dict[str, dict[type[Question[Any]], msgspec.Struct]] = {
        "syncer": {
            ListPlays: PlayPage([], 0, 50, 0),
            CountPlays: PlayStats(**stats, **lists, first_at=None, last_at=datetime(2026, 1, 1, tzinfo=UTC)),
            ListUserSettings: UserSettingsPage([], 0, 50, 0),
            FindUserSettings: UserSettings(username="ada"),
            ListLibraries: LibraryPage([], 0, 50, 0),
            ListItems: ItemPage([], 0, 50, 0),
            SearchItems: ItemPage([], 0, 50, 0),
        },
        "linker": {
            ListPeople: PersonPage([], 0, 50, 0),
            FindPerson: ada,
            ListUnclaimed: UnclaimedPage([], 0, 50, 0),
            ListNamesakes: PersonPage([], 0, 50, 0),
            ClaimAccount: ada,
            MergePeople: ada,
        },
    }
    async with AsyncExitStack() as stack:
        for service, known in answers.items():
            await stack.enter_async_context(
                answering(modules_bus, service, *(Answer(kind, _always(said)) for kind, said in known.items()))
            )
        yield modules_house


def _always(answer: msgspec.Struct) -> Any:
    async def give(_question: msgspec.Struct) -> msgspec.Struct:
        return answer

    return give


def is_fine(answer: httpx.Response) -> bool:
    if answer.status_code < 400:
        return True
    problem = answer.json()
    return (
        answer.status_code < 500
        and answer.headers["content-type"] == "application/problem+json"
        and problem["status"] == answer.status_code
        and bool(problem["title"])
    )


@MANY
@given(path=st.sampled_from(GETS), segment=segment, query=query)
async def test_no_query_and_no_path_breaks_a_get(served: House, path: str, segment: str, query: str) -> None:
    url = f"{path.format(segment)}?{query}"

    answer = await served.http.request(
        "GET", httpx.URL(str(served.http.base_url).rstrip("/")).copy_with(raw_path=url.encode()), headers=ADMIN
    )

    assert is_fine(answer), (url, answer.status_code, answer.text)


@MANY
@given(path=st.sampled_from(POSTS), segment=segment, body=body, kind=content_type)
async def test_no_body_breaks_a_post(served: House, path: str, segment: str, body: bytes, kind: str) -> None:
    url = httpx.URL(str(served.http.base_url).rstrip("/")).copy_with(raw_path=path.format(segment).encode())

    answer = await served.http.post(url, content=body, headers={**ADMIN, "Content-Type": kind})

    assert is_fine(answer), (path, segment, body[:200], answer.status_code, answer.text)


@MANY
@given(
    headers=st.lists(
        st.tuples(
            st.sampled_from(
                ["X-API-Key", "Authorization", "Cookie", "Traceparent", "Content-Type", "X-Forwarded-For", "Accept"]
            ),
            st.binary(max_size=60).map(lambda value: bytes(b for b in value if b >= 32 and b != 127)),
        ),
        max_size=4,
    )
)
async def test_no_header_breaks_a_call(served: House, headers: list[tuple[str, bytes]]) -> None:
    sent = [(name.encode(), value.strip()) for name, value in headers]

    answer = await served.http.get("/api/events", headers=sent)

    assert is_fine(answer), (headers, answer.status_code, answer.text)


@pytest.mark.parametrize("path", ["/api/auth/login", "/api/keys", "/api/people/p1/merge"])
async def test_a_body_over_the_limit_is_refused(served: House, path: str) -> None:
    answer = await served.post(path, {"name": "x" * 70_000})

    assert answer.status_code == 413
    assert is_fine(answer)


@pytest.mark.parametrize("path", ["/api/auth/login", "/api/keys"])
@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
async def test_a_body_that_is_not_said_to_be_json_is_refused(served: House, path: str, kind: str) -> None:
    answer = await served.http.post(path, content=b'{"a":1}', headers={**ADMIN, "Content-Type": kind})

    assert answer.status_code == 415
    assert is_fine(answer)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=-1", "limit"),
        ("limit=many", "limit"),
        ("limit=99999999999999999999", "limit"),
        ("offset=-1", "offset"),
        ("offset=99999999999999999999", "offset"),
        ("search=a%00b", "search"),
        ("search=" + "x" * 201, "search"),
        ("source=netflix", "source"),
        ("status=done", "status"),
        ("since=yesterday", "since"),
        ("until=9999-12-31T23:59:59-12:00", "until"),
        ("server=%00", "server"),
    ],
)
async def test_a_bad_parameter_is_named(served: House, query: str, name: str) -> None:
    answer = await served.http.get(f"/api/events?{query}", headers=ADMIN)

    assert answer.status_code == 400
    assert [error["path"] for error in answer.json()["errors"]] == [name]


async def test_titles_full_of_markup_come_out_as_they_are_in_json(served: House) -> None:
    hostile = "<img src=x onerror=alert(1)>'; drop table events; --\x1b[31m"
    event_id = (await served.webhook("jellyfin", {"NotificationType": hostile})).json()["id"]

    async def is_there() -> bool:
        return (await served.get(f"/api/events/{event_id}")).status_code == 200

    await until(is_there)
    answer = await served.get(f"/api/events/{event_id}")

    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "<img" in answer.json()["event"]
    assert (await served.get("/api/events", search="onerror")).json()["total"] == 1
