"""plex.tv: PINs, accounts, servers, Homes, and refusals."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from shared.clients.errors import CredentialRefusedError
from shared.clients.plex_accounts import Account, Pin
from shared.clients.plex_app import PlexApp
from shared.clients.plex_connections import unusable, usable
from shared.clients.plex_tv import PUBLIC_HOSTS, Hosts, PinExpiredError, PlexTv, hosts_of
from shared.errors import InvalidError
from shared.http.calls import FailingError, RateLimitedError, RefusedError
from shared.http.upstream import Upstream
from shared.schemas.secret import Secret
from tests.unit.clients.scripted import Scripted, good, page

TOKEN = Secret("plex-token-1")
UUID = "7e1d2e8ab0bf4a5a"
STRONG = {"id": 11, "code": "x2kq7u9v5t3w1y0z", "expiresAt": "2026-11-21T12:30:00Z", "authToken": None}
OWNER = {
    "id": 139113761,
    "uuid": UUID,
    "username": "anna",
    "title": "Anna",
    "email": "anna@example.org",
    "friendlyName": "",
    "restricted": False,
    "home": True,
    "authToken": "never-read",
    "subscription": {"active": True},
}
MANAGED = {"id": 5, "uuid": "aa", "username": "", "title": "Kid\x00", "email": None, "restricted": 1, "home": True}


def plex_tv(server: Scripted, app: PlexApp | None = None) -> PlexTv:
    return PlexTv(server.http, Upstream("plex.tv"), app=app or PlexApp(client_id="usher-1", version="0.1.0"))


async def test_every_call_introduces_usher() -> None:
    server = Scripted(good(OWNER))

    await plex_tv(server).account(TOKEN)

    headers = server.last.headers
    assert headers["X-Plex-Client-Identifier"] == "usher-1"
    assert (headers["X-Plex-Product"], headers["X-Plex-Version"]) == ("Usher", "0.1.0")
    assert all(headers[f"X-Plex-{name}"] for name in ("Platform", "Device", "Device-Name"))
    assert headers["Accept"] == "application/json"
    assert headers["User-Agent"].startswith("Usher/")
    assert headers["X-Plex-Token"] == "plex-token-1"


async def test_a_strong_pin_is_made() -> None:
    server = Scripted(good(STRONG, 201))

    pin = await plex_tv(server).create_pin(strong=True)

    assert pin == Pin(id=11, code="x2kq7u9v5t3w1y0z", expires_at=datetime(2026, 11, 21, 12, 30, tzinfo=UTC))
    assert str(server.last.url) == "https://plex.tv/api/v2/pins?strong=true"
    assert "X-Plex-Token" not in server.last.headers


async def test_a_pin_of_four_characters_is_made() -> None:
    server = Scripted(good({**STRONG, "code": "WXYZ"}, 201))

    pin = await plex_tv(server).create_pin(strong=False)

    assert pin.code == "WXYZ"
    assert str(server.last.url) == "https://plex.tv/api/v2/pins"


@pytest.mark.parametrize("lack", [{"code": ""}, {"expiresAt": None}, {"expiresAt": "soon"}])
async def test_a_pin_that_lacks_something_is_refused(lack: dict[str, Any]) -> None:
    with pytest.raises(RefusedError, match="without a code or an expiry"):
        await plex_tv(Scripted(good({**STRONG, **lack}))).create_pin(strong=True)


@pytest.mark.parametrize("token", [None, ""])
async def test_an_unclaimed_pin_has_no_token(token: str | None) -> None:
    assert await plex_tv(Scripted(good({**STRONG, "authToken": token}))).check_pin(11) is None


async def test_a_claimed_pin_has_the_token() -> None:
    server = Scripted(good({**STRONG, "authToken": "claimed-token"}))

    token = await plex_tv(server).check_pin(11)

    assert token == Secret("claimed-token")
    assert str(server.last.url) == "https://plex.tv/api/v2/pins/11"
    assert server.last.headers["X-Plex-Client-Identifier"] == "usher-1"


async def test_an_expired_pin_is_distinguished_from_an_unclaimed_one() -> None:
    answer = good({"errors": [{"code": 1020, "message": "Code not found or expired", "status": 404}]}, 404)

    with pytest.raises(PinExpiredError) as raised:
        await plex_tv(Scripted(answer)).check_pin(11)

    assert raised.value.status == 410
    assert raised.value.answered == 404


async def test_a_page_that_says_404_is_no_expired_pin() -> None:
    with pytest.raises(RefusedError) as raised:
        await plex_tv(Scripted(page(404))).check_pin(11)

    assert not isinstance(raised.value, PinExpiredError)


def test_the_page_to_claim_a_pin_is_within_what_a_button_of_discord_may_hold() -> None:
    app = PlexApp(client_id="3f2a-client", product="Usher & Söhne")

    url = plex_tv(Scripted(good({})), app).auth_url("c0de", forward_url="https://usher.example/linked?pin=11&x=y")

    assert url == (
        "https://app.plex.tv/auth#?clientID=3f2a-client&code=c0de"
        "&context%5Bdevice%5D%5Bproduct%5D=Usher%20%26%20S%C3%B6hne"
        "&forwardUrl=https%3A%2F%2Fusher.example%2Flinked%3Fpin%3D11%26x%3Dy"
    )
    assert len(url) <= 512


def test_the_page_needs_no_forward_address() -> None:
    assert "forwardUrl" not in plex_tv(Scripted(good({}))).auth_url("c0de")


async def test_the_account_is_read_without_its_token() -> None:
    account = await plex_tv(Scripted(good(OWNER))).account(TOKEN)

    assert account == Account(
        id=139113761, uuid=UUID, username="anna", email="anna@example.org", restricted=False, home=True
    )


async def test_a_managed_user_is_called_by_their_title_and_has_no_email() -> None:
    account = await plex_tv(Scripted(good(MANAGED))).account(TOKEN)

    assert (account.username, account.email, account.restricted) == ("Kid", None, True)


async def test_a_user_without_any_name_is_called_by_their_id() -> None:
    account = await plex_tv(Scripted(good({"id": 5, "uuid": "aa"}))).account(TOKEN)

    assert account.username == "5"


async def test_a_dead_token_is_a_refused_credential() -> None:
    answer = good({"errors": [{"code": 1001, "message": "User could not be authenticated", "status": 401}]}, 401)

    with pytest.raises(CredentialRefusedError):
        await plex_tv(Scripted(answer)).account(TOKEN)


@pytest.mark.parametrize("status", [400, 403, 404, 422, 498])
async def test_nothing_but_401_says_that_a_token_is_dead(status: int) -> None:
    with pytest.raises(RefusedError) as raised:
        await plex_tv(Scripted(good({"errors": []}, status))).account(TOKEN)

    assert not isinstance(raised.value, CredentialRefusedError)


async def test_servers_come_with_their_own_tokens_and_players_are_left_out() -> None:
    server = Scripted(good([DEVICE, {**DEVICE, "provides": "player,controller"}, {"clientIdentifier": "x"}]))

    servers = (await plex_tv(server).resources(TOKEN)).rows

    assert [found.machine_id for found in servers] == ["m1"]
    assert servers[0].access_token == Secret("token-of-m1")
    assert (servers[0].name, servers[0].version, servers[0].owned) == ("Attic", "1.43.0", False)
    known = usable(servers[0].connections, https_required=True)
    assert [(each.uri, each.local, each.ipv6) for each in known] == [
        ("https://192-168-1-20.m1.plex.direct:32400", True, False)
    ]
    assert [each.uri for each in unusable(servers[0].connections)] == [""]
    assert str(server.last.url) == (
        "https://clients.plex.tv/api/v2/resources?includeHttps=1&includeRelay=1&includeIPv6=1"
    )


async def test_a_server_without_a_token_or_an_address_is_still_listed() -> None:
    bare = {"clientIdentifier": "m2", "provides": "server", "accessToken": None, "connections": None}

    servers = (await plex_tv(Scripted(good([bare]))).resources(TOKEN)).rows

    assert (servers[0].access_token, servers[0].connections, servers[0].name) == (None, (), "m2")


ODD: list[Any] = [None, "text", 5, [], {}, {"uri": None}]


@pytest.mark.parametrize(
    "odd",
    [
        *ODD,
        {"clientIdentifier": ["m2"], "provides": "server"},
        {"clientIdentifier": "", "provides": "server"},
        {"provides": "server", "name": "Cellar"},
        {"clientIdentifier": "m2", "provides": 5},
        {"clientIdentifier": "m2", "provides": "server", "connections": "none"},
        {"clientIdentifier": "m2", "provides": "server", "connections": {"uri": "http://10.0.0.1:32400"}},
    ],
    ids=str,
)
async def test_an_odd_device_does_not_spoil_the_others(odd: Any) -> None:
    found = await plex_tv(Scripted(good([odd, DEVICE]))).resources(TOKEN)

    assert [server.machine_id for server in found.rows] == ["m1"]
    is_said = odd not in ({}, {"uri": None})  # an entry that does not say it is a server is ignored
    assert [problem.startswith("entry 1") for problem in found.problems] == [True] * is_said


@pytest.mark.parametrize("odd", ["", None, 5, [], {}, "x" * 5000], ids=lambda odd: repr(odd)[:20])
@pytest.mark.parametrize(
    "field", ["name", "productVersion", "owned", "httpsRequired", "accessToken", "product", "publicAddress"]
)
async def test_an_odd_field_of_a_device_costs_that_field_only(field: str, odd: Any) -> None:
    content = json.dumps([{**DEVICE, field: odd}]).encode()

    found = await plex_tv(Scripted(httpx.Response(200, content=content))).resources(TOKEN)

    [server] = found.rows
    assert (server.machine_id, server.connections[0].uri) == ("m1", DEVICE["connections"][0]["uri"])


@pytest.mark.parametrize("odd", ["", None, 5, -1, 70_000, 1.5, [], {}, True, "x y"], ids=repr)
@pytest.mark.parametrize("field", ["uri", "local", "relay", "address", "port", "IPv6", "protocol"])
async def test_an_odd_address_does_not_spoil_the_others(field: str, odd: Any) -> None:
    good_one = DEVICE["connections"][0]
    device = {**DEVICE, "connections": [{**good_one, field: odd}, good_one]}

    [server] = (await plex_tv(Scripted(good([device]))).resources(TOKEN)).rows

    assert good_one["uri"] in [each.uri for each in usable(server.connections, https_required=False)]
    assert [each.problem is not None for each in unusable(server.connections)] == [True] * (field == "uri")


@pytest.mark.parametrize("odd", ODD, ids=str)
async def test_what_is_no_address_at_all_is_said_to_be_so(odd: Any) -> None:
    device = {**DEVICE, "connections": [odd, *DEVICE["connections"]]}

    [server] = (await plex_tv(Scripted(good([device]))).resources(TOKEN)).rows

    assert [each.problem for each in unusable(server.connections)] == ["plex.tv names no address here"]
    assert len(usable(server.connections, https_required=True)) == 1


async def test_a_token_does_not_show_in_what_is_printed() -> None:
    servers = await plex_tv(Scripted(good([DEVICE]))).resources(TOKEN)

    assert "token-of-m1" not in repr(servers)


@pytest.mark.parametrize(
    ("headers", "wait"), [({}, timedelta(seconds=60)), ({"Retry-After": "5"}, timedelta(seconds=5))]
)
async def test_too_many_calls_name_plexs_code_and_a_wait(headers: dict[str, str], wait: timedelta) -> None:
    answer = httpx.Response(
        429, headers=headers, json={"errors": [{"code": 1003, "message": "API rate limit exceeded", "status": 429}]}
    )

    with pytest.raises(RateLimitedError, match="code 1003") as raised:
        await plex_tv(Scripted(answer)).check_pin(11)

    assert raised.value.retry_after == wait


@pytest.mark.parametrize("status", [200, 403])
async def test_a_notice_instead_of_data_is_worth_another_try(status: int) -> None:
    with pytest.raises(FailingError):
        await plex_tv(Scripted(page(status))).check_pin(11)


async def test_a_name_that_no_header_can_hold_is_refused_before_anything_is_sent() -> None:
    server = Scripted(good(OWNER))

    with pytest.raises(InvalidError):
        await plex_tv(server, PlexApp(client_id="usher-1", product="Söhne")).account(TOKEN)

    assert server.asked == []


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("https://plex.tv", PUBLIC_HOSTS),
        ("https://plex.tv/", PUBLIC_HOSTS),
        ("http://127.0.0.1:9001/", Hosts("http://127.0.0.1:9001", "http://127.0.0.1:9001", "http://127.0.0.1:9001")),
    ],
)
def test_one_setting_names_all_of_plexs_hosts(url: str, hosts: Hosts) -> None:
    assert hosts_of(url) == hosts


DEVICE: dict[str, Any] = {
    "name": "Attic",
    "product": "Plex Media Server",
    "productVersion": "1.43.0",
    "clientIdentifier": "m1",
    "provides": "client,server",
    "owned": False,
    "httpsRequired": False,
    "accessToken": "token-of-m1",
    "connections": [
        {
            "protocol": "https",
            "address": "192.168.1.20",
            "port": 32400,
            "uri": "https://192-168-1-20.m1.plex.direct:32400",
            "local": True,
            "relay": False,
            "IPv6": False,
        },
        {"protocol": "https", "uri": None},
    ],
}
