"""Seerr's stand-in against Seerr's description; where that is silent or wrong, against what was observed."""

from typing import Any, Final

import httpx
import pytest

from simulators.plex_tv.app import PlexTv
from simulators.seerr.app import PREFIX, Seerr
from simulators.seerr.dialect import Dialect
from tests.contract.openapi import nameless, spec
from tests.documents import needs_specs

pytestmark = needs_specs

DESCRIPTIONS: Final = {
    Dialect.OVERSEERR: "overseerr-api.yml",
    Dialect.JELLYSEERR: "seerr-api.yml",
    Dialect.SEERR: "seerr-api.yml",
    Dialect.SEERR_OF_MANY_DISCORD_IDS: "seerr-api.yml",
}
COMES_BACK_WITHOUT_EMAIL: Final = "'email' is a required property"
"""After saving, a filter drops the address, though the description requires it."""


def client(seerr: Seerr) -> httpx.AsyncClient:
    headers = {"X-API-Key": "seerr-api-key"}
    return httpx.AsyncClient(transport=httpx.ASGITransport(seerr), base_url=f"http://seerr{PREFIX}", headers=headers)


def without_nulls(value: Any) -> Any:
    """Seerr writes null where its description says that a field is absent."""
    if isinstance(value, list):
        return [without_nulls(each) for each in value]
    if isinstance(value, dict):
        return {name: without_nulls(each) for name, each in value.items() if each is not None}
    return value


@pytest.mark.parametrize("dialect", list(Dialect))
def test_every_route_is_described(dialect: Dialect) -> None:
    assert nameless(Seerr(dialect).routes, without=PREFIX) <= spec(DESCRIPTIONS[dialect]).operations


@pytest.mark.parametrize("dialect", list(Dialect))
@pytest.mark.parametrize(
    ("operation", "path"),
    [
        ("GET /status", "/status"),
        ("GET /settings/public", "/settings/public"),
        ("GET /settings/main", "/settings/main"),
        ("GET /settings/about", "/settings/about"),
        ("GET /settings/plex", "/settings/plex"),
        ("GET /request/count", "/request/count"),
        ("GET /auth/me", "/auth/me"),
        ("GET /user", "/user"),
        ("GET /user/{userId}", "/user/2"),
        ("GET /user/{userId}/quota", "/user/2/quota"),
        ("GET /user/{userId}/requests", "/user/2/requests"),
        ("GET /user/{userId}/settings/main", "/user/2/settings/main"),
        ("GET /user/{userId}/settings/notifications", "/user/2/settings/notifications"),
        ("GET /user/{userId}/settings/permissions", "/user/2/settings/permissions"),
        ("GET /user/{userId}/settings/password", "/user/2/settings/password"),
    ],
)
async def test_what_is_read_is_as_described(dialect: Dialect, operation: str, path: str) -> None:
    seerr = Seerr(dialect)
    seerr.uses_plex(PlexTv().accounts, machine_id="m1", owner_id=1)
    user = seerr.users.add(email="anna@example.com", username="anna", settings={"discordId": "80"})
    user.quotas = {"tvQuotaLimit": 3, "tvQuotaDays": 7}
    seerr.users.ask_for(user, "tv", 1396, seasons=(1, 2))
    response = await client(seerr).get(path)

    assert spec(DESCRIPTIONS[dialect]).problems(operation, response.status_code, without_nulls(response.json())) == []


async def test_the_settings_of_jellyfin_are_as_described() -> None:
    seerr = Seerr()
    seerr.uses_jellyfin({"a1": "Anna"})
    response = await client(seerr).get("/settings/jellyfin")

    assert spec("seerr-api.yml").problems("GET /settings/jellyfin", response.status_code, response.json()) == []


@pytest.mark.parametrize("dialect", list(Dialect))
@pytest.mark.parametrize(
    ("operation", "path", "body"),
    [
        ("POST /user/{userId}/settings/main", "/user/2/settings/main", {"username": "anna", "movieQuotaLimit": 5}),
        ("POST /user/{userId}/settings/notifications", "/user/2/settings/notifications", {"discordId": "80"}),
        ("POST /user/{userId}/settings/permissions", "/user/2/settings/permissions", {"permissions": 0}),
        ("POST /user/{userId}/settings/password", "/user/2/settings/password", {"newPassword": "long enough"}),
        ("PUT /user", "/user", {"ids": [2], "permissions": 0}),
    ],
)
async def test_what_is_written_comes_back_as_described(
    dialect: Dialect, operation: str, path: str, body: dict[str, Any]
) -> None:
    seerr = Seerr(dialect)
    seerr.users.add(email="anna@example.com", username="anna")
    response = await client(seerr).request(operation.split(" ", maxsplit=1)[0], path, json=body)
    answered = without_nulls(response.json()) if response.content else None

    assert response.is_success
    assert spec(DESCRIPTIONS[dialect]).problems(operation, response.status_code, answered) == []


@pytest.mark.parametrize(
    ("operation", "path", "body"),
    [
        ("POST /user", "/user", {"username": "bert", "password": "long enough"}),
        ("PUT /user/{userId}", "/user/2", {"username": "anna", "permissions": 32}),
        ("DELETE /user/{userId}", "/user/2", None),
        ("POST /user/import-from-plex", "/user/import-from-plex", {}),
        ("POST /user/import-from-jellyfin", "/user/import-from-jellyfin", {"jellyfinUserIds": ["a1"]}),
    ],
)
async def test_a_user_that_was_saved_lacks_nothing_but_the_address(operation: str, path: str, body: object) -> None:
    seerr, plex_tv = Seerr(), PlexTv()
    owner, friend = plex_tv.accounts.add("owner"), plex_tv.accounts.add("friend")
    server = plex_tv.accounts.add_server("Attic", owner=owner, uris=["http://10.0.0.1:32400"])
    plex_tv.accounts.share(server, friend)
    seerr.uses_plex(plex_tv.accounts, machine_id=server.machine_id, owner_id=owner.id)
    seerr.uses_jellyfin({"a1": "Anna"})
    seerr.users.add(email="anna@example.com", username="anna")
    response = await client(seerr).request(operation.split(" ", maxsplit=1)[0], path, json=body)
    problems = spec("seerr-api.yml").problems(operation, response.status_code, without_nulls(response.json()))

    assert [problem for problem in problems if not problem.endswith(COMES_BACK_WITHOUT_EMAIL)] == []
    assert len(problems) == 1


def test_a_false_answer_is_noticed() -> None:
    description = spec("seerr-api.yml")

    assert description.problems("GET /status", 200, {"version": 3}) != []
    assert description.problems("GET /status", 204, None) == ["GET /status never answers 204"]
