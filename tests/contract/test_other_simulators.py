"""The stand-ins for Jellyfin and Trakt against their descriptions; there is none of Emby here."""

from typing import Final

import httpx
import pytest

from simulators.jellyfin.app import Jellyfin
from simulators.trakt.app import Trakt
from tests.contract.openapi import nameless, spec, trakt_routes
from tests.documents import needs_specs

pytestmark = needs_specs

JELLYFIN: Final = "jellyfin-openapi-stable.json"
DEVICE: Final = {
    "Authorization": 'MediaBrowser Client="Usher", Device="Server", DeviceId="usher-1", Version="1.0"',
}


def client(jellyfin: Jellyfin, token: str = "") -> httpx.AsyncClient:
    headers = {"Authorization": f'{DEVICE["Authorization"]}, Token="{token}"'} if token else DEVICE
    return httpx.AsyncClient(transport=httpx.ASGITransport(jellyfin), base_url="http://jellyfin", headers=headers)


def test_every_route_of_jellyfin_is_described() -> None:
    assert nameless(Jellyfin().routes) <= spec(JELLYFIN).operations


@pytest.mark.parametrize(
    ("operation", "path"),
    [
        ("GET /System/Info/Public", "/System/Info/Public"),
        ("GET /QuickConnect/Enabled", "/QuickConnect/Enabled"),
        ("GET /Users", "/Users"),
        ("GET /Users/Me", "/Users/Me"),
    ],
)
async def test_what_is_read_from_jellyfin_is_as_described(operation: str, path: str) -> None:
    jellyfin = Jellyfin()
    jellyfin.household.add("anna", "secret", is_administrator=True)
    body = {"Username": "anna", "Pw": "secret"}
    signed_in = (await client(jellyfin).post("/Users/AuthenticateByName", json=body)).json()
    response = await client(jellyfin, signed_in["AccessToken"]).get(path)

    assert response.status_code == 200
    assert spec(JELLYFIN).problems("POST /Users/AuthenticateByName", 200, signed_in) == []
    assert spec(JELLYFIN).problems(operation, 200, response.json()) == []


async def test_a_quick_connect_is_as_described() -> None:
    jellyfin = Jellyfin()
    anna = jellyfin.household.add("anna", "secret")
    made = await client(jellyfin).post("/QuickConnect/Initiate")
    jellyfin.approve(made.json()["Code"], anna)
    state = await client(jellyfin).get("/QuickConnect/Connect", params={"secret": made.json()["Secret"]})
    body = {"Secret": made.json()["Secret"]}
    fetched = await client(jellyfin).post("/Users/AuthenticateWithQuickConnect", json=body)

    assert spec(JELLYFIN).problems("POST /QuickConnect/Initiate", made.status_code, made.json()) == []
    assert spec(JELLYFIN).problems("GET /QuickConnect/Connect", state.status_code, state.json()) == []
    operation = "POST /Users/AuthenticateWithQuickConnect"
    assert spec(JELLYFIN).problems(operation, fetched.status_code, fetched.json()) == []


def test_a_false_answer_is_noticed() -> None:
    assert spec(JELLYFIN).problems("GET /Users/Me", 200, {"Name": 5, "Email": "x"}) != []


def test_every_route_of_trakt_is_described() -> None:
    trakt = Trakt()

    assert {*trakt.auth.routes, *trakt.api.routes} <= trakt_routes().keys()


def test_every_outcome_of_a_device_code_is_described() -> None:
    told = trakt_routes()["POST /oauth/device/token"]["description"]

    assert all(f"`{status}`" in told for status in (200, 400, 404, 409, 410, 418, 429))
