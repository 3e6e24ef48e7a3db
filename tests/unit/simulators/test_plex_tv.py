import asyncio
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import pytest

from simulators.determinism import Clock
from simulators.plex_tv.app import PlexTv
from simulators.serving import serving

HEADERS: Final = {"Accept": "application/json", "X-Plex-Client-Identifier": "usher", "X-Plex-Product": "Usher"}
NOW: Final = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
UNAUTHENTICATED: Final = {"errors": [{"code": 1001, "message": "User could not be authenticated", "status": 401}]}


@pytest.fixture
def plex_tv() -> PlexTv:
    return PlexTv(clock=Clock(NOW))


@pytest.fixture
async def client(plex_tv: PlexTv) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(plex_tv)
    async with httpx.AsyncClient(transport=transport, base_url="https://plex.tv", headers=HEADERS) as client:
        yield client


async def pin(client: httpx.AsyncClient, *, strong: bool = True) -> Any:
    response = await client.post("/api/v2/pins", params={"strong": "true"} if strong else {})
    assert response.status_code == 201
    return response.json()


async def test_a_strong_pin_is_long_and_a_short_one_can_be_typed(client: httpx.AsyncClient) -> None:
    strong, short = await pin(client), await pin(client, strong=False)

    assert (len(strong["code"]), strong["expiresIn"], strong["authToken"]) == (25, 1800, None)
    assert (len(short["code"]), short["expiresIn"], short["authToken"]) == (4, 900, None)


async def test_a_claimed_pin_gives_a_token_of_the_account(client: httpx.AsyncClient, plex_tv: PlexTv) -> None:
    anna = plex_tv.accounts.add("anna")
    made = await pin(client)
    plex_tv.pins.claim(made["id"], anna)

    token = (await client.get(f"/api/v2/pins/{made['id']}")).json()["authToken"]
    user = await client.get("/api/v2/user", headers={"X-Plex-Token": token})

    assert (user.status_code, user.json()["id"], user.json()["email"]) == (200, anna.id, "anna@example.com")


async def test_a_pin_cannot_be_claimed_twice(client: httpx.AsyncClient, plex_tv: PlexTv) -> None:
    made = await pin(client)
    plex_tv.pins.claim(made["id"], plex_tv.accounts.add("anna"))

    with pytest.raises(LookupError):
        plex_tv.pins.claim(made["id"], plex_tv.accounts.add("bert"))


async def test_a_pin_that_is_over_is_not_found(client: httpx.AsyncClient, plex_tv: PlexTv) -> None:
    made = await pin(client)
    plex_tv.clock.advance(timedelta(seconds=1799))
    before = await client.get(f"/api/v2/pins/{made['id']}")
    plex_tv.clock.advance(timedelta(seconds=1))
    after = await client.get(f"/api/v2/pins/{made['id']}")

    assert (before.status_code, before.json()["expiresIn"]) == (200, 1)
    assert (after.status_code, after.json()) == (
        404,
        {"errors": [{"code": 1020, "message": "Code not found or expired"}]},
    )


async def test_a_pin_belongs_to_the_client_that_made_it(client: httpx.AsyncClient) -> None:
    made = await pin(client)

    response = await client.get(f"/api/v2/pins/{made['id']}", headers={"X-Plex-Client-Identifier": "somebody else"})

    assert response.status_code == 404


async def test_a_denied_pin_looks_unclaimed_until_it_is_over(client: httpx.AsyncClient, plex_tv: PlexTv) -> None:
    made = await pin(client)
    plex_tv.pins.deny(made["id"])

    response = await client.get(f"/api/v2/pins/{made['id']}")

    assert (response.status_code, response.json()["authToken"]) == (200, None)
    with pytest.raises(LookupError):
        plex_tv.pins.claim(made["id"], plex_tv.accounts.add("anna"))


async def test_a_short_code_is_claimed_by_typing_it_at_the_link_page(
    client: httpx.AsyncClient, plex_tv: PlexTv
) -> None:
    made = await pin(client, strong=False)
    token = plex_tv.accounts.sign_in(plex_tv.accounts.add("anna"))

    typed = {"code": made["code"].lower()}
    linked = await client.put("/api/v2/pins/link", data=typed, headers={"X-Plex-Token": token})
    again = await client.put("/api/v2/pins/link", data=typed, headers={"X-Plex-Token": token})
    polled = await client.get(f"/api/v2/pins/{made['id']}")

    assert (linked.status_code, again.status_code) == (204, 404)
    assert polled.json()["authToken"] not in {None, token}


async def test_without_a_client_identifier_everything_is_refused(plex_tv: PlexTv) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(plex_tv), base_url="https://plex.tv") as bare:
        response = await bare.post("/api/v2/pins", headers={"Accept": "application/json"})

    error = {"code": 1000, "message": "X-Plex-Client-Identifier is missing", "status": 400}
    assert (response.status_code, response.json()) == (400, {"errors": [error]})


async def test_who_does_not_accept_json_gets_xml(client: httpx.AsyncClient) -> None:
    response = await client.post("/api/v2/pins", headers={"Accept": "*/*"})
    found = ET.fromstring(response.text)  # noqa: S314 - our own

    assert (found.tag, found.attrib["authToken"], found.attrib["expiresIn"]) == ("pin", "", "900")


async def test_the_tenth_call_in_a_second_is_one_too_many(client: httpx.AsyncClient, plex_tv: PlexTv) -> None:
    statuses = [(await client.post("/api/v2/pins")).status_code for _ in range(10)]
    refused = await client.post("/api/v2/pins")
    plex_tv.clock.advance(timedelta(seconds=1))
    later = await client.post("/api/v2/pins")

    assert statuses == [201] * 9 + [429]
    assert refused.json()["errors"] == [{"code": 1003, "message": "API rate limit exceeded", "status": 429}]
    assert later.status_code == 201


async def test_a_pin_asked_for_again_and_again_is_refused(client: httpx.AsyncClient, plex_tv: PlexTv) -> None:
    made = await pin(client)
    statuses = [(await client.get(f"/api/v2/pins/{made['id']}")).status_code for _ in range(4)]
    plex_tv.clock.advance(timedelta(seconds=3))
    for _ in range(10):
        plex_tv.clock.advance(timedelta(seconds=1))
        statuses.append((await client.get(f"/api/v2/pins/{made['id']}")).status_code)

    assert statuses == [200, 200, 200, 429] + [200] * 10


@pytest.mark.parametrize("path", ["/api/v2/user", "/api/v2/ping", "/api/v2/resources", "/api/v2/home/users"])
async def test_a_revoked_token_is_told_so(client: httpx.AsyncClient, plex_tv: PlexTv, path: str) -> None:
    token = plex_tv.accounts.sign_in(plex_tv.accounts.add("anna"))
    before = await client.get(path, headers={"X-Plex-Token": token})
    plex_tv.accounts.revoke(token)
    after = await client.get(path, headers={"X-Plex-Token": token})

    assert before.status_code == 200
    assert (after.status_code, after.json()) == (401, UNAUTHENTICATED)


async def test_signing_out_everywhere_ends_every_token_of_one_account(plex_tv: PlexTv) -> None:
    anna, bert = plex_tv.accounts.add("anna"), plex_tv.accounts.add("bert")
    tokens = [plex_tv.accounts.sign_in(each) for each in (anna, anna, bert)]
    plex_tv.accounts.sign_out_everywhere(anna)

    assert [plex_tv.accounts.holder(token) for token in tokens] == [None, None, bert]


async def test_signing_out_ends_the_token(client: httpx.AsyncClient, plex_tv: PlexTv) -> None:
    token = plex_tv.accounts.sign_in(plex_tv.accounts.add("anna"))
    statuses = [
        (await client.delete("/api/v2/users/signout", headers={"X-Plex-Token": token})).status_code for _ in range(2)
    ]

    assert statuses == [204, 401]


async def test_each_account_has_its_own_token_for_a_server(client: httpx.AsyncClient, plex_tv: PlexTv) -> None:
    owner, friend, stranger = (plex_tv.accounts.add(name) for name in ("anna", "bert", "carl"))
    uris = ["http://192.168.1.9:32400", "https://1-2-3-4.abc.plex.direct:32400", "https://relay.abc.plex.direct:8443"]
    server = plex_tv.accounts.add_server("Attic", owner=owner, uris=uris)
    share = plex_tv.accounts.share(server, friend)
    found = {}
    for account in (owner, friend, stranger):
        token = plex_tv.accounts.sign_in(account)
        response = await client.get("/api/v2/resources", params={"includeRelay": "1"}, headers={"X-Plex-Token": token})
        found[account.username] = [(each["owned"], each["accessToken"]) for each in response.json()]

    assert found == {"anna": [(True, server.access_tokens[owner.id])], "bert": [(False, share)], "carl": []}


async def test_the_relay_is_left_out_unless_asked_for(client: httpx.AsyncClient, plex_tv: PlexTv) -> None:
    owner = plex_tv.accounts.add("anna")
    plex_tv.accounts.add_server("Attic", owner=owner, uris=["http://10.0.0.1:32400", "https://relay.plex.direct:8443"])
    headers = {"X-Plex-Token": plex_tv.accounts.sign_in(owner)}
    without = (await client.get("/api/v2/resources", headers=headers)).json()[0]["connections"]
    with_relay = (await client.get("/api/v2/resources?includeRelay=1", headers=headers)).json()[0]["connections"]

    assert [each["relay"] for each in without] == [False]
    assert [(each["local"], each["relay"]) for each in with_relay] == [(True, False), (False, True)]


async def test_the_owners_users_are_xml_and_managed_ones_have_no_address(
    client: httpx.AsyncClient, plex_tv: PlexTv
) -> None:
    owner, friend = plex_tv.accounts.add("anna"), plex_tv.accounts.add("bert & co")
    kid = plex_tv.accounts.add_managed("Kid", home_of=owner.id)
    server = plex_tv.accounts.add_server("Attic", owner=owner, uris=["http://10.0.0.1:32400"])
    plex_tv.accounts.share(server, friend)
    response = await client.get("/api/users", headers={"X-Plex-Token": plex_tv.accounts.sign_in(owner)})
    users = {each.attrib["id"]: each for each in ET.fromstring(response.text)}  # noqa: S314 - our own

    assert users[str(friend.id)].attrib["username"] == "bert & co"
    assert [each.attrib["machineIdentifier"] for each in users[str(friend.id)]] == [server.machine_id]
    kid_found = users[str(kid.id)].attrib
    assert (kid_found["email"], kid_found["username"], kid_found["restricted"], kid_found["home"]) == ("", "", "1", "1")


async def test_only_the_owner_sees_the_shares_of_a_server(client: httpx.AsyncClient, plex_tv: PlexTv) -> None:
    owner, friend = plex_tv.accounts.add("anna"), plex_tv.accounts.add("bert")
    server = plex_tv.accounts.add_server("Attic", owner=owner, uris=["http://10.0.0.1:32400"])
    share = plex_tv.accounts.share(server, friend)
    path = f"/api/servers/{server.machine_id}/shared_servers"
    seen = await client.get(path, headers={"X-Plex-Token": plex_tv.accounts.sign_in(owner)})
    refused = await client.get(path, headers={"X-Plex-Token": plex_tv.accounts.sign_in(friend)})
    found = ET.fromstring(seen.text)  # noqa: S314 - our own

    assert [(each.attrib["userID"], each.attrib["accessToken"]) for each in found] == [(str(friend.id), share)]
    assert refused.status_code == 404


async def test_a_home_user_is_entered_with_their_pin_and_has_no_e_mail(
    client: httpx.AsyncClient, plex_tv: PlexTv
) -> None:
    owner = plex_tv.accounts.add("anna")
    kid = plex_tv.accounts.add_managed("Kid", home_of=owner.id, home_pin="1234")
    headers = {"X-Plex-Token": plex_tv.accounts.sign_in(owner)}
    users = (await client.get("/api/v2/home/users", headers=headers)).json()["users"]
    path = f"/api/v2/home/users/{kid.uuid}/switch"
    wrong = await client.post(path, headers=headers)
    right = await client.post(path, params={"pin": "1234"}, headers=headers)
    user = await client.get("/api/v2/user", headers={"X-Plex-Token": right.json()["authToken"]})

    assert [(each["username"], each["email"], each["admin"]) for each in users] == [
        ("anna", "anna@example.com", True),
        (None, None, False),
    ]
    assert (wrong.status_code, wrong.json()["errors"][0]["code"], right.status_code) == (403, 1041, 201)
    assert (user.json()["email"], user.json()["username"], user.json()["restricted"]) == ("", "", True)


async def test_faults_are_answered_once_and_only_under_their_path(client: httpx.AsyncClient, plex_tv: PlexTv) -> None:
    plex_tv.fail_next(500, path="/api/v2/user")
    made = await client.post("/api/v2/pins")
    token = plex_tv.accounts.sign_in(plex_tv.accounts.add("anna"))
    answers = [await client.get("/api/v2/user", headers={"X-Plex-Token": token}) for _ in range(2)]

    assert made.status_code == 201
    assert [(each.status_code, each.headers["content-type"]) for each in answers] == [
        (500, "text/html"),
        (200, "application/json; charset=utf-8"),
    ]


async def test_a_served_stand_in_answers_over_a_socket_and_late_when_told(plex_tv: PlexTv) -> None:
    plex_tv.slow_next(timedelta(milliseconds=1))
    goes_on = plex_tv.hold_next(path="/api/v2/ping")
    async with serving(plex_tv) as url, httpx.AsyncClient(base_url=url, headers=HEADERS) as client:
        slow = await client.post("/api/v2/pins")
        held = asyncio.create_task(client.get("/api/v2/ping"))
        both = await asyncio.gather(client.post("/api/v2/pins"), client.post("/api/v2/pins"))
        is_held = not held.done()
        goes_on.set()

        assert (await held).status_code == 401
    assert (slow.status_code, [each.status_code for each in both], is_held) == (201, [201, 201], True)


async def test_unknown_paths_and_methods_are_refused_as_plex_does(client: httpx.AsyncClient) -> None:
    unknown = await client.get("/api/v2/pin")
    method = await client.delete("/api/v2/pins")

    assert (unknown.status_code, unknown.json()["errors"][0]["code"]) == (404, 1002)
    assert (method.status_code, method.json()["errors"][0]["code"]) == (405, 1005)


async def test_https_and_ipv6_are_left_out_unless_asked_for(client: httpx.AsyncClient, plex_tv: PlexTv) -> None:
    owner = plex_tv.accounts.add("anna")
    plex_tv.accounts.add_server(
        "Attic", owner=owner, uris=["https://attic.plex.direct:32400", "http://[fd00::1]:32400"]
    )
    token = {"X-Plex-Token": plex_tv.accounts.sign_in(owner)}

    async def uris(query: str) -> list[str]:
        [server] = (await client.get(f"/api/v2/resources?{query}", headers=token)).json()
        return [each["uri"] for each in server["connections"]]

    assert await uris("") == ["http://attic.plex.direct:32400"]
    assert await uris("includeHttps=1") == ["https://attic.plex.direct:32400"]
    assert await uris("includeHttps=1&includeIPv6=1") == ["https://attic.plex.direct:32400", "http://[fd00::1]:32400"]


async def test_a_share_of_one_library_says_which(client: httpx.AsyncClient, plex_tv: PlexTv) -> None:
    owner, friend = plex_tv.accounts.add("anna"), plex_tv.accounts.add("bert")
    server = plex_tv.accounts.add_server("Attic", owner=owner, uris=[])
    plex_tv.accounts.share(server, friend, only=("2",))
    token = {"X-Plex-Token": plex_tv.accounts.sign_in(owner)}

    listed = (await client.get(f"/api/servers/{server.machine_id}/shared_servers", headers=token)).text

    assert 'allLibraries="0"' in listed
    assert 'title="Movies" type="movie" shared="0"' in listed
    assert 'title="TV Shows" type="show" shared="1"' in listed


async def test_a_change_of_webhooks_replaces_the_whole_list(client: httpx.AsyncClient, plex_tv: PlexTv) -> None:
    token = {"X-Plex-Token": plex_tv.accounts.sign_in(plex_tv.accounts.add("anna", has_pass=True))}
    path = "/api/v2/user/webhooks"

    first = await client.post(path, data={"urls[]": ["http://a/?x=1&y=2", "http://b"]}, headers=token)
    second = await client.post(path, data={"urls[]": ["http://c"]}, headers=token)
    listed = await client.get(path, headers=token)
    await client.post(path, data={"urls": ""}, headers=token)
    emptied = await client.get(path, headers=token | {"Accept": "*/*"})

    assert (first.status_code, first.json()) == (201, [{"url": "http://a/?x=1&y=2"}, {"url": "http://b"}])
    assert second.json() == listed.json() == [{"url": "http://c"}]
    assert emptied.text.endswith("<webhooks></webhooks>")


async def test_webhooks_need_a_token_and_plex_pass(client: httpx.AsyncClient, plex_tv: PlexTv) -> None:
    token = {"X-Plex-Token": plex_tv.accounts.sign_in(plex_tv.accounts.add("anna"))}
    path = "/api/v2/user/webhooks"

    nobody = await client.post(path, data={"urls[]": ["http://a"]})
    denied = await client.post(path, data={"urls[]": ["http://a"]}, headers=token)
    unseen = await client.get(path, headers=token)

    assert (nobody.status_code, nobody.json()) == (401, UNAUTHENTICATED)
    assert (denied.status_code, unseen.status_code) == (403, 403)
    assert denied.json()["errors"][0]["code"] == 1043
    assert plex_tv.webhooks.of == {}
