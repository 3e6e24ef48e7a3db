"""Who may call what: every route, every scope."""

import http
from typing import Final

import httpx
import pytest

from services.gateway.access import tokens
from services.gateway.access.scopes import ALL, Scope
from tests.integration.gateway.house import ADMIN, House

ROUTES: Final[dict[tuple[str, str], Scope | None]] = {
    ("GET", "/health"): None,
    ("GET", "/ready"): None,
    ("GET", "/metrics"): None,
    ("POST", "/webhooks/{source}"): None,
    ("POST", "/webhooks/{source}/{secret}"): None,
    ("POST", "/api/auth/login"): None,
    ("POST", "/api/auth/logout"): "read",
    ("GET", "/api/auth/verify"): "read",
    ("GET", "/api/auth/sessions"): "admin",
    ("DELETE", "/api/auth/sessions/{session_id}"): "admin",
    ("GET", "/api/keys"): "admin",
    ("POST", "/api/keys"): "admin",
    ("DELETE", "/api/keys/{key_id}"): "admin",
    ("GET", "/api/webhooks/refused"): "read",
    ("GET", "/api/webhooks/secrets"): "read",
    ("POST", "/api/webhooks/secrets"): "admin",
    ("DELETE", "/api/webhooks/secrets/{secret_id}"): "admin",
    ("GET", "/api/audit"): "admin",
    ("GET", "/api/events"): "read",
    ("GET", "/api/events/stream"): "read",
    ("GET", "/api/events/{event_id}"): "read",
    ("POST", "/api/events/{event_id}/replay"): "write",
    ("GET", "/api/deadletters"): "read",
    ("GET", "/api/deadletters/{letter_id}"): "read",
    ("POST", "/api/deadletters/{letter_id}/replay"): "write",
    ("DELETE", "/api/deadletters/{letter_id}"): "write",
    ("GET", "/api/history"): "read",
    ("GET", "/api/history/stats"): "read",
    ("GET", "/api/people"): "read",
    ("GET", "/api/people/{person_id}"): "read",
    ("GET", "/api/people/unclaimed"): "read",
    ("POST", "/api/people/unclaimed/claim"): "write",
    ("POST", "/api/people/{person_id}/merge"): "write",
    ("GET", "/api/health"): "read",
    ("POST", "/discord/interactions"): None,
    ("GET", "/api/integrations"): "read",
    ("GET", "/api/integrations/{provider}/connect"): "read",
    ("POST", "/api/integrations/{provider}/connect"): "write",
    ("DELETE", "/api/integrations/{provider}/connect"): "write",
    ("GET", "/api/integrations/{provider}/auth/pin"): "write",
    ("POST", "/api/integrations/{provider}/auth/pin"): "write",
    ("DELETE", "/api/integrations/{provider}/auth/pin/{pin_id}"): "write",
    ("POST", "/api/integrations/{provider}/auth/check"): "write",
    ("GET", "/api/mediaservers"): "read",
    ("POST", "/api/mediaservers"): "admin",
    ("GET", "/api/mediaservers/{server_name}"): "read",
    ("PUT", "/api/mediaservers/{server_name}"): "admin",
    ("DELETE", "/api/mediaservers/{server_name}"): "admin",
    ("POST", "/api/mediaservers/{server_name}/test"): "write",
    ("GET", "/api/plex/servers"): "admin",
    ("GET", "/api/plex/{server}/libraries"): "read",
    ("GET", "/api/plex/{server}/libraries/{library_id}/items"): "read",
    ("GET", "/api/plex/{server}/recently-added"): "read",
    ("GET", "/api/plex/{server}/search"): "read",
    ("GET", "/api/plex/{server}/sessions"): "admin",
    ("GET", "/api/seerr"): "read",
    ("PUT", "/api/seerr"): "admin",
    ("DELETE", "/api/seerr"): "admin",
    ("GET", "/api/users/settings"): "read",
    ("GET", "/api/users/{username}/settings"): "read",
    ("PUT", "/api/users/{username}/settings"): "admin",
    ("DELETE", "/api/users/{username}/settings"): "admin",
}
GUARDED: Final = [(method, path, scope) for (method, path), scope in ROUTES.items() if scope is not None]
WRONG: Final[list[dict[str, bytes]]] = [
    {},
    {"X-API-Key": b"usha_" + b"x" * 43},
    {"X-API-Key": b"x" * 10_000},
    {"X-API-Key": b"\xff\xfe"},
    {"Authorization": b"Bearer ushs_" + b"x" * 43},
    {"Authorization": b"Bearer"},
    {"Authorization": b"Basic YWRtaW46YWRtaW4="},
]


async def test_the_table_of_this_test_has_every_route(house: House) -> None:
    schema = (await house.get("/docs/openapi.json")).json()

    assert set(ROUTES) == {(method.upper(), path) for path, methods in schema["paths"].items() for method in methods}


async def test_nobody_comes_in_without_a_valid_credential(house: House) -> None:
    for method, path, _ in GUARDED:
        for credential in WRONG:
            sent = httpx.Headers([(name.encode(), value) for name, value in credential.items()])
            answer = await house.http.request(method, path.replace("{", "").replace("}", ""), headers=sent)

            assert answer.status_code == 401, (method, path, credential)
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.json()["title"] == "Not authorized"


@pytest.mark.parametrize("held", ALL)
async def test_a_scope_opens_its_routes_and_no_others(house: House, held: Scope) -> None:
    key = (await house.post("/api/keys", {"name": "test", "scopes": [held]})).json()["key"]

    for method, path, needed in GUARDED:
        if path == "/api/events/stream" and ALL.index(held) >= ALL.index(needed):
            continue  # it does not end
        answer = await house.http.request(method, path.replace("{", "").replace("}", ""), headers={"X-API-Key": key})

        is_allowed = ALL.index(held) >= ALL.index(needed)
        assert (answer.status_code != http.HTTPStatus.FORBIDDEN) == is_allowed, (method, path, answer.text)
        assert answer.status_code != http.HTTPStatus.UNAUTHORIZED, (method, path)


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
