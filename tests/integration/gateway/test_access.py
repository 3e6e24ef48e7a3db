"""Who may call what: every route, every scope."""

import http
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final, NamedTuple

import httpx
import msgspec
import pytest
from litestar import Controller
from litestar.handlers import HTTPRouteHandler

from services.gateway import app
from services.gateway.access import tokens
from services.gateway.access.scopes import LADDER, Scope
from services.gateway.api.auth import LoginController
from services.gateway.api.guards import OWN, SCOPE
from shared.bus.connection import Bus
from shared.schemas.people import FindPerson, Person
from shared.schemas.question import Answer
from tests.integration.gateway.house import ADMIN, House
from tests.integration.service import answering

OPEN: Final = {
    ("GET", "/health"),
    ("GET", "/ready"),
    ("GET", "/metrics"),
    ("POST", "/webhooks/{source}"),
    ("POST", "/webhooks/{source}/{secret}"),
    ("POST", "/discord/interactions"),
    ("POST", "/api/auth/login"),
}
"""What needs no credential, or one of its own."""
PAGES: Final = {("GET", "/link/done")}
"""What needs none and is for browsers, so that the schema does not show it."""
OF_A_PERSON: Final = {
    ("POST", "/api/auth/logout"),
    ("GET", "/api/auth/verify"),
    ("PUT", "/api/auth/password"),
    ("GET", "/api/history"),
    ("GET", "/api/history/stats"),
    ("GET", "/api/people/{person_id}"),
    ("GET", "/api/people/{person_id}/export"),
    ("GET", "/api/integrations"),
    ("GET", "/api/integrations/{provider}/connect"),
    ("POST", "/api/integrations/{provider}/connect"),
    ("DELETE", "/api/integrations/{provider}/connect"),
    ("GET", "/api/integrations/{provider}/auth/pin"),
    ("POST", "/api/integrations/{provider}/auth/pin"),
    ("DELETE", "/api/integrations/{provider}/auth/pin/{pin_id}"),
    ("POST", "/api/integrations/{provider}/auth/check"),
}
"""All that the scope `self` opens: a route is added to it on purpose, with a test that it shows nobody else's rows."""
WRONG: Final[list[dict[str, bytes]]] = [
    {},
    {"X-API-Key": b"usha_" + b"x" * 43},
    {"X-API-Key": b"x" * 10_000},
    {"X-API-Key": b"\xff\xfe"},
    {"Authorization": b"Bearer ushs_" + b"x" * 43},
    {"Authorization": b"Bearer"},
    {"Authorization": b"Basic YWRtaW46YWRtaW4="},
]
ADA: Final = Person(id="p1", name="Ada", identities=[], seerr_user_id=None)
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def house(restored_house: House) -> House:
    return restored_house


@pytest.fixture
def bus(bus_beside: Bus) -> Bus:
    return bus_beside


class Route(NamedTuple):
    """A method of a path, and what its handler says it needs."""

    method: str
    path: str
    scope: Scope | None
    own: bool

    @property
    def key(self) -> tuple[str, str]:
        return self.method, self.path

    def is_open_to(self, scope: Scope, *, is_person: bool) -> bool:
        needed: Scope = self.scope or "admin"
        return LADDER.index(scope) >= LADDER.index(needed) or (self.own and is_person)


def routes(controllers: Iterable[type[Controller]], *, under: str = "") -> Iterator[Route]:
    for controller in controllers:
        for handler in vars(controller).values():
            if not isinstance(handler, HTTPRouteHandler):
                continue
            for path in handler.paths or {"/"}:
                full = re.sub(r":[a-z]+(?=})", "", f"{under}{vars(controller).get('path', '')}{path}").rstrip("/")
                for method in handler.http_methods:
                    yield Route(str(method), full, handler.opt.get(SCOPE), handler.opt.get(OWN, False))


GUARDED: Final = sorted(routes(app.API, under="/api"), key=lambda route: route.key)


async def find_person(question: FindPerson) -> Person:
    return msgspec.structs.replace(ADA, id=question.person_id)


@asynccontextmanager
async def key_of(house: House, bus: Bus, scope: Scope, *, is_person: bool) -> AsyncIterator[dict[str, str]]:
    async with answering(bus, "linker", Answer(FindPerson, find_person)) as answers:
        wanted = {"name": "test", "scopes": [scope], "person_id": "p1" if is_person else None}
        made = await house.post("/api/keys", wanted)
        yield {"X-API-Key": made.json()["key"]}
        await answers.finish(within=timedelta(seconds=5))  # else the next test might ask these


async def call(house: House, route: Route, headers: httpx.Headers | dict[str, str]) -> httpx.Response:
    """Call a route with a parameter that none has: whoever gets past the guards is told so, and nothing is done."""
    path = route.path.replace("{", "").replace("}", "")
    return await house.http.request(route.method, path, params={"nonsense": "1"}, headers=headers)


async def test_every_route_is_open_on_purpose_or_says_what_it_needs(house: House) -> None:
    schema = (await house.get("/docs/openapi.json")).json()

    served = {(method.upper(), path) for path, methods in schema["paths"].items() for method in methods}
    assert served == OPEN | {route.key for route in GUARDED}
    assert [route.key for route in GUARDED if route.scope is None] == []
    unguarded = [*routes(app.PUBLIC), *routes([LoginController], under="/api")]
    assert {route.key for route in unguarded} == OPEN | PAGES


async def test_the_scope_self_opens_nothing_but_what_is_listed_here() -> None:
    assert {route.key for route in GUARDED if route.is_open_to("self", is_person=True)} == OF_A_PERSON


async def test_nobody_comes_in_without_a_valid_credential(house: House) -> None:
    for route in GUARDED:
        for credential in WRONG:
            sent = httpx.Headers([(name.encode(), value) for name, value in credential.items()])
            answer = await call(house, route, sent)

            assert answer.status_code == 401, (route, credential)
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.json()["title"] == "Not authorized"


@pytest.mark.parametrize(
    ("held", "is_person"),
    [("self", True), ("read", False), ("read", True), ("write", False), ("write", True), ("admin", False)],
)
async def test_a_scope_opens_only_its_routes(house: House, bus: Bus, held: Scope, *, is_person: bool) -> None:
    async with key_of(house, bus, held, is_person=is_person) as key:
        for route in GUARDED:
            answer = await call(house, route, key)

            is_open = route.is_open_to(held, is_person=is_person)
            expected = http.HTTPStatus.BAD_REQUEST if is_open else http.HTTPStatus.FORBIDDEN
            assert answer.status_code == expected, (route, answer.text)


FOR_A_PERSON: Final[list[tuple[str, str, object]]] = [
    ("GET", "/api/integrations?person=p1", None),
    ("GET", "/api/integrations?all=true", None),
    ("GET", "/api/integrations/plex/connect?person=p1", None),
    ("DELETE", "/api/integrations/plex/connect?person=p1", None),
    ("DELETE", "/api/integrations/plex/connect?account=1", None),
    ("DELETE", "/api/integrations/plex/connect?account=1&person=p1", None),
    ("GET", "/api/integrations/plex/auth/pin?person=p1", None),
    ("POST", "/api/integrations/plex/auth/pin", {"person_id": "p1"}),
    ("POST", "/api/integrations/plex/connect", {"token": "t", "person_id": "p1"}),
    ("POST", "/api/integrations/plex/connect", {"token": "t", "discord_id": "80351110224678912"}),
    ("GET", "/api/plex/attic/libraries?person=p1", None),
    ("GET", "/api/plex/attic/libraries/1/items?person=p1", None),
    ("GET", "/api/plex/attic/recently-added?person=p1", None),
    ("GET", "/api/plex/attic/search?query=x&person=p1", None),
    ("GET", "/api/plex/attic/sessions?person=p1", None),
    ("GET", "/api/plex/servers?person=p1", None),
]
FOR_ANYBODY: Final[list[tuple[str, str, object]]] = [
    ("GET", "/api/people", None),
    ("GET", "/api/people/p1", None),
    ("GET", "/api/history?person=p1", None),
    ("GET", "/api/history/stats?person=p1", None),
    ("GET", "/api/plex/attic/libraries", None),
    ("POST", "/api/integrations/plex/auth/pin", {}),
    ("POST", "/api/integrations/plex/connect", {"token": "t"}),
]


async def test_only_admin_sees_and_uses_what_a_person_linked(house: House) -> None:
    key = (await house.post("/api/keys", {"name": "writer", "scopes": ["write"]})).json()["key"]

    async def status(method: str, path: str, body: object, headers: dict[str, str]) -> int:
        answer = await house.http.request(method, path, json=body, headers=headers)
        return answer.status_code

    refused = [await status(*each, {"X-API-Key": key}) for each in FOR_A_PERSON]
    by_admin = [await status(*each, ADMIN) for each in FOR_A_PERSON]
    for_anybody = [await status(*each, {"X-API-Key": key}) for each in FOR_ANYBODY]

    assert set(refused) == {403}
    assert set(by_admin + for_anybody) == {503}, "the linker and the syncer are asked, and not there"


async def test_every_answer_carries_the_security_headers(house: House) -> None:
    for path in ("/health", "/nowhere", "/api/events", "/api/nowhere", "/webhooks/plex", "/docs", "/metrics"):
        answer = await house.get(path, headers={})

        assert "default-src 'none'" in answer.headers["content-security-policy"], path
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], path
        assert answer.headers["x-content-type-options"] == "nosniff", path
        assert answer.headers["x-frame-options"] == "DENY", path
        assert answer.headers["referrer-policy"] == "no-referrer", path
        assert "cache-control" in answer.headers, path
        assert "server" not in answer.headers, path


async def test_a_new_token_is_random_and_says_what_it_is() -> None:
    made = {tokens.new(tokens.API_KEY).reveal() for _ in range(100)}

    assert len(made) == 100
    assert all(each.startswith("usha_") and len(each) == 48 for each in made)
