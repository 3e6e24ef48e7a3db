"""Each request of a client is in the other system's description."""

from typing import Final

import httpx
import pytest

from tests.catalogue import CALLS, Call, Recorder, over
from tests.contract.openapi import Spec, spec, trakt_routes
from tests.documents import needs_specs

pytestmark = needs_specs

IN_NO_DESCRIPTION: Final = {
    # facts/requests.md 3.1 and 3.3: the PINs, the shares and the ping are described in Plex's prose only
    ("plex_tv", "POST", "/api/v2/pins"),
    ("plex_tv", "GET", "/api/v2/pins/11"),
    ("plex_tv", "GET", "/api/v2/ping"),
    ("plex_tv", "GET", "/api/servers/m1/shared_servers"),
    # facts/watch.md 1 and facts/requests.md 3: python-plexapi's myplex.py
    ("plex_tv", "GET", "/api/v2/user/webhooks"),
    ("plex_tv", "POST", "/api/v2/user/webhooks"),
    # python-plexapi's library.py
    ("plex_server", "GET", "/library/recentlyAdded"),
    # facts/watch.md 2.4, the column of Emby
    ("emby", "GET", "/Users/Query"),
}
DESCRIPTIONS: Final = {
    "plex_tv": ("plex-api-spec.yaml", "/api/v2"),
    "plex_server": ("plex-api-spec.yaml", ""),
    "jellyfin": ("jellyfin-openapi-stable.json", ""),
    "emby": ("jellyfin-openapi-stable.json", ""),  # what both still have from their common origin
    "discord": ("discord-openapi.json", "/api/v10"),
    "seerr": ("seerr-api.yml", "/api/v1"),
}
CREDENTIALS: Final = ("X-Plex-Token", "X-Emby-Token", "X-API-Key")
UNDESCRIBED_FIELDS: Final = {("seerr", "create_local_user")}

described_calls = pytest.mark.parametrize(
    "call", [call for call in CALLS if call.system in DESCRIPTIONS], ids=lambda call: f"{call.system}.{call.name}"
)


async def requests_of(call: Call) -> list[httpx.Request]:
    recorder = Recorder(call)
    async with over(recorder) as http:
        await call.make(http)
    return [
        request
        for request in recorder.asked
        if (call.system, request.method, request.url.path) not in IN_NO_DESCRIPTION
    ]


def description_of(call: Call) -> tuple[Spec, str]:
    name, prefix = DESCRIPTIONS[call.system]
    return spec(name), prefix


@described_calls
async def test_a_request_is_described_and_has_what_it_needs(call: Call) -> None:
    description, prefix = description_of(call)

    for request in await requests_of(call):
        operation = description.operation(request.method, request.url.path.removeprefix(prefix))

        assert operation is not None, f"{request.method} {request.url.path}"
        assert operation.faults(request) == []


@described_calls
async def test_a_credential_is_sent_where_it_is_needed(call: Call) -> None:
    description, prefix = description_of(call)

    for request in await requests_of(call):
        operation = description.operation(request.method, request.url.path.removeprefix(prefix))

        assert operation is not None
        if operation.needs_credential():
            assert has_credential(request), f"{request.method} {request.url.path}"


def has_credential(request: httpx.Request) -> bool:
    authorization = request.headers.get("Authorization", "")
    return (
        any(request.headers.get(name) for name in CREDENTIALS)
        or authorization.startswith(("Bot ", "Bearer "))
        or "Token=" in authorization
    )


@pytest.mark.parametrize("call", [call for call in CALLS if call.system == "trakt"], ids=lambda call: call.name)
async def test_trakt_has_such_a_route(call: Call) -> None:
    for request in await requests_of(call):
        assert f"{request.method} {request.url.path}" in trakt_routes()
        assert request.url.host == ("auth.trakt.tv" if "/oauth/" in request.url.path else "api.trakt.tv")


OVERSEERR_LACKS: Final = {
    "import_from_jellyfin",
    "jellyfin_candidates",
    "jellyfin_server_id",
}


@pytest.mark.parametrize(
    "call",
    [call for call in CALLS if call.system == "seerr" and call.name not in OVERSEERR_LACKS],
    ids=lambda call: call.name,
)
async def test_overseerr_has_all_that_it_is_asked_for(call: Call) -> None:
    overseerr = spec("overseerr-api.yml")

    for request in await requests_of(call):
        operation = overseerr.operation(request.method, request.url.path.removeprefix("/api/v1"))

        assert operation is not None
        assert operation.faults(request) == []


@pytest.mark.parametrize("name", sorted(OVERSEERR_LACKS))
async def test_what_overseerr_lacks_is_reported(name: str) -> None:
    call = next(call for call in CALLS if (call.system, call.name) == ("seerr", name))
    overseerr = spec("overseerr-api.yml")

    for request in await requests_of(call):
        assert overseerr.operation(request.method, request.url.path.removeprefix("/api/v1")) is None
