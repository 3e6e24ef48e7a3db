"""The stand-ins for plex.tv and a Plex server against the description of both.

PINs, pings, Homes, shares and what is new are in Plex's prose and in other projects' code, not in the description.
"""

from typing import Final

import httpx
import pytest

from simulators.plex_server.app import PlexServer
from simulators.plex_tv.accounts import Device, PlexAccount
from simulators.plex_tv.app import PlexTv
from tests.contract.openapi import nameless, spec
from tests.documents import needs_specs

pytestmark = needs_specs

DESCRIPTION: Final = "plex-api-spec.yaml"
HEADERS: Final = {"Accept": "application/json", "X-Plex-Client-Identifier": "usher"}
UNDESCRIBED_OF_PLEX_TV: Final = {
    "POST /api/v2/pins",
    "GET /api/v2/pins/{}",
    "PUT /api/v2/pins/link",
    "GET /api/v2/ping",
    "GET /api/v2/home/users",
    "GET /api/v2/home/users/",
    "POST /api/v2/home/users/{}/switch",
    "DELETE /api/v2/users/signout",
    "GET /api/servers/{}/shared_servers",
    "GET /api/v2/user/webhooks",
    "POST /api/v2/user/webhooks",
    "GET /auth",
    "POST /auth",
    "GET /link",
}
UNDESCRIBED_OF_A_SERVER: Final = {"GET /library/sections", "GET /library/recentlyAdded"}

HIDDEN_IS_A_NUMBER: Final = ".hidden: 0 is not of type 'boolean'"
"""Servers were seen to answer 0, 1 or 2 for what the description calls a boolean."""


@pytest.fixture
def plex_tv() -> PlexTv:
    return PlexTv()


def home(plex_tv: PlexTv) -> tuple[PlexAccount, PlexAccount, Device]:
    owner = plex_tv.accounts.add("anna", has_pass=True)
    friend = plex_tv.accounts.add("bert")
    uris = ["http://10.0.0.1:32400", "https://10-0-0-1.abc.plex.direct:32400", "https://relay.plex.direct:8443"]
    server = plex_tv.accounts.add_server("Attic", owner=owner, uris=uris)
    plex_tv.accounts.share(server, friend)
    return owner, friend, server


def client(app: PlexTv | PlexServer, token: str = "") -> httpx.AsyncClient:
    headers = {**HEADERS, **({"X-Plex-Token": token} if token else {})}
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://plex", headers=headers)


def test_every_route_of_plex_tv_is_described_or_known(plex_tv: PlexTv) -> None:
    routes = nameless(plex_tv.routes) - UNDESCRIBED_OF_PLEX_TV
    described = {route.replace(" /api/v2", " ").replace(" /api", " ") for route in routes}

    assert nameless(plex_tv.routes) >= UNDESCRIBED_OF_PLEX_TV
    assert described <= spec(DESCRIPTION).operations


async def test_a_user_is_as_described(plex_tv: PlexTv) -> None:
    owner, friend, _ = home(plex_tv)
    kid = plex_tv.accounts.add_managed("Kid", home_of=owner.id)
    for account in (owner, friend, kid):
        response = await client(plex_tv, plex_tv.accounts.sign_in(account)).get("/api/v2/user")

        assert spec(DESCRIPTION).problems("GET /user", response.status_code, response.json()) == []


async def test_the_servers_of_owner_and_friend_are_as_described(plex_tv: PlexTv) -> None:
    owner, friend, _ = home(plex_tv)
    for account in (owner, friend):
        token = plex_tv.accounts.sign_in(account)
        response = await client(plex_tv, token).get("/api/v2/resources?includeRelay=1")

        assert spec(DESCRIPTION).problems("GET /resources", response.status_code, response.json()) == []


@pytest.mark.parametrize(
    ("operation", "path"), [("GET /user", "/api/v2/user"), ("GET /resources", "/api/v2/resources")]
)
async def test_a_refusal_is_as_described(plex_tv: PlexTv, operation: str, path: str) -> None:
    response = await client(plex_tv, "dead").get(path)

    assert response.status_code == 401
    assert spec(DESCRIPTION).problems(operation, 401, response.json()) == []


def attic(plex_tv: PlexTv) -> tuple[PlexServer, str]:
    owner, _, device = home(plex_tv)
    server = PlexServer(plex_tv.accounts, device)
    movies, shows = server.library.add_section("movie", "Movies"), server.library.add_section("show", "Shows")
    matrix = server.library.add_movie(movies, "The Matrix", year=1999, tmdb_id=603)
    server.library.add_show(shows, "Breaking Bad", year=2008, episodes=(2,))
    server.library.play(matrix, account_id=owner.id, name="anna")
    return server, device.access_tokens[owner.id]


def test_every_route_of_a_server_is_described_or_known(plex_tv: PlexTv) -> None:
    server, _ = attic(plex_tv)

    assert nameless(server.routes) - UNDESCRIBED_OF_A_SERVER <= spec(DESCRIPTION).operations
    assert nameless(server.routes) >= UNDESCRIBED_OF_A_SERVER


@pytest.mark.parametrize(
    ("operation", "path"),
    [
        ("GET /", "/"),
        ("GET /identity", "/identity"),
        ("GET /library/sections/all", "/library/sections/all"),
        ("GET /library/sections/all", "/library/sections"),
        ("GET /library/sections/{}/all", "/library/sections/1/all?includeGuids=1"),
        ("GET /library/sections/{}/all", "/library/sections/2/all?type=4&X-Plex-Container-Size=1"),
        ("GET /library/sections/{}/all", "/library/recentlyAdded"),
        ("GET /library/metadata/{}", "/library/metadata/1000,1001"),
        ("GET /hubs/search", "/hubs/search?query=matrix"),
        ("GET /status/sessions", "/status/sessions"),
    ],
)
async def test_what_a_server_answers_is_as_described(plex_tv: PlexTv, operation: str, path: str) -> None:
    server, token = attic(plex_tv)
    response = await client(server, token).get(path)
    problems = spec(DESCRIPTION).problems(operation, 200, response.json())

    assert response.status_code == 200
    assert [problem for problem in problems if not problem.endswith(HIDDEN_IS_A_NUMBER)] == []


def test_a_false_answer_is_noticed() -> None:
    description = spec(DESCRIPTION)

    assert description.problems("GET /user", 200, {"id": "one"}) != []
    assert description.problems("GET /identity", 200, {"MediaContainer": {"claimed": "yes"}}) != []
