from typing import Any

import httpx

from simulators.asgi import App, Request, Response, json_response
from simulators.serving import serving
from simulators.stage import Stage
from simulators.town import FRIENDS, OWNER, PASSWORD, Town

PLEX = {"Accept": "application/json", "X-Plex-Client-Identifier": "usher"}


def client(app: App, headers: dict[str, str] | None = None) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://town", headers=headers)


async def pin(town: Town) -> Any:
    return (await client(town.plex_tv, PLEX).post("/api/v2/pins?strong=true")).json()


async def token_of(town: Town, pin_id: int) -> str | None:
    token: str | None = (await client(town.plex_tv, PLEX).get(f"/api/v2/pins/{pin_id}")).json()["authToken"]
    return token


async def test_everybody_is_known_everywhere_and_the_owner_runs_it() -> None:
    town = Town()
    settings = town.open_at(dict.fromkeys(town.apps(), "http://127.0.0.1:1"))
    server = await client(town.plex_server, {"X-Plex-Token": settings["PLEX_TOKEN"]}).get("/status/sessions")
    users = await client(town.seerr, {"X-API-Key": settings["SEERR_API_KEY"]}).get("/api/v1/settings/plex/users")
    body = {"Username": FRIENDS[1], "Pw": PASSWORD}
    device = 'MediaBrowser Client="U", Device="U", DeviceId="U", Version="1"'
    jellyfin = await client(town.jellyfin, {"Authorization": device}).post("/Users/AuthenticateByName", json=body)

    assert [server.status_code, jellyfin.status_code] == [200, 200]
    assert {each["username"] for each in users.json()} == set(FRIENDS)


async def test_a_pin_is_claimed_from_the_stage() -> None:
    town = Town()
    stage = Stage(town, "http://127.0.0.1:1")
    made = await pin(town)
    claimed = await client(stage).post("/plex/claim", json={"code": made["code"], "person": OWNER})
    again = await client(stage).post("/plex/claim", json={"code": made["code"], "person": OWNER})
    nobody = await client(stage).post("/plex/claim", json={"code": made["code"], "person": "nobody"})
    token = await token_of(town, made["id"])

    holder = town.plex_tv.accounts.holder(token or "")
    assert holder is not None
    assert holder.id == town.residents[OWNER].plex.id
    assert [each.status_code for each in (claimed, again, nobody)] == [200, 400, 400]


async def test_a_pin_is_claimed_at_the_page_which_sends_one_back() -> None:
    town = Town()
    made = await pin(town)
    browser = client(town.plex_tv)
    page = await browser.get("/auth")
    form = {"code": made["code"], "username": FRIENDS[0], "forward": "http://usher/back"}
    sent = await browser.post("/auth", data=form)
    again = await browser.post("/auth", data=form)

    assert FRIENDS[0] in page.text
    assert (sent.status_code, sent.headers["location"], again.status_code) == (303, "http://usher/back", 404)
    assert await token_of(town, made["id"]) is not None


async def test_a_pin_is_denied_at_the_page() -> None:
    town = Town()
    made = await pin(town)
    denied = await client(town.plex_tv).post("/auth", data={"code": made["code"], "username": ""})

    assert (denied.status_code, await token_of(town, made["id"])) == (200, None)


async def test_the_page_never_sends_one_to_what_is_no_web_address() -> None:
    town = Town()
    made = await pin(town)
    form = {"code": made["code"], "username": FRIENDS[0], "forward": "javascript:alert(1)"}
    sent = await client(town.plex_tv).post("/auth", data=form)

    assert (sent.status_code, "location" in sent.headers) == (200, False)


async def test_a_command_is_signed_sent_and_its_reply_can_be_read() -> None:
    town = Town()
    seen: list[Request] = []

    async def defer(request: Request) -> Response:
        seen.append(request)
        return json_response({"type": 5, "data": {"flags": 64}})

    async with serving(App({"POST /discord/interactions": defer})) as gateway:
        stage = client(Stage(town, gateway))
        sent = (await stage.post("/discord/command", json={"person": FRIENDS[0], "command": "link"})).json()
    before = (await stage.get(f"/discord/replies/{sent['token']}")).json()
    agent = {"User-Agent": "DiscordBot (https://usher.example, 1)"}
    path = f"/api/v10/webhooks/{town.discord.app.id}/{sent['token']}/messages/@original"
    await client(town.discord, agent).patch(path, json={"content": "Linked"})
    after = (await stage.get(f"/discord/replies/{sent['token']}")).json()

    assert (sent["status"], seen[0].header("x-signature-ed25519") != "") == (200, True)
    assert (before, after["content"], after["flags"]) == (None, "Linked", 64)


async def test_a_gateway_that_is_away_is_told_in_a_line() -> None:
    stage = client(Stage(Town(), "http://127.0.0.1:1"))
    response = await stage.post("/discord/command", json={"person": FRIENDS[0], "command": "link"})

    assert (response.status_code, list(response.json())) == (400, ["error"])


async def test_codes_of_jellyfin_and_trakt_are_typed_from_the_stage() -> None:
    town = Town()
    stage = client(Stage(town, ""))
    device = 'MediaBrowser Client="U", Device="U", DeviceId="U", Version="1"'
    waiting = (await client(town.jellyfin, {"Authorization": device}).post("/QuickConnect/Initiate")).json()
    trakt = town.trakt.accounts.begin()
    statuses = [
        (await stage.post("/jellyfin/approve", json={"code": waiting["Code"], "person": FRIENDS[0]})).status_code,
        (await stage.post("/trakt/approve", json={"code": trakt.user_code, "person": FRIENDS[0]})).status_code,
    ]

    assert (statuses, trakt.account) == ([200, 200], FRIENDS[0])


async def test_faults_are_ordered_from_the_stage() -> None:
    town = Town()
    stage = client(Stage(town, ""))
    await stage.post("/faults", json={"system": "seerr", "status": 503, "times": 2})
    statuses = [(await client(town.seerr).get("/api/v1/status")).status_code for _ in range(3)]
    unknown = await stage.post("/faults", json={"system": "nothing", "status": 503})

    assert (statuses, unknown.status_code) == ([503, 503, 200], 400)


async def test_signing_out_everywhere_and_denying_work_from_the_stage() -> None:
    town = Town()
    stage = client(Stage(town, ""))
    token = town.plex_tv.accounts.sign_in(town.residents[OWNER].plex)
    made = await pin(town)
    await stage.post("/plex/sign-out", json={"person": OWNER})
    await stage.post("/plex/deny", json={"code": made["code"]})
    claimed = await stage.post("/plex/claim", json={"code": made["code"], "person": OWNER})

    assert (town.plex_tv.accounts.holder(token), claimed.status_code) == (None, 400)


async def test_a_fault_is_what_the_stage_says() -> None:
    town = Town()
    fault = {"system": "plex_tv", "status": 429, "text": '{"errors":[{"code":1003}]}', "retry_after": 7}
    told = await client(Stage(town, "")).post("/faults", json=fault)
    answer = await client(town.plex_tv, PLEX).get("/api/v2/ping")

    assert (told.status_code, answer.status_code, answer.json()) == (200, 429, {"errors": [{"code": 1003}]})
    assert (answer.headers["Retry-After"], answer.headers["Content-Type"]) == ("7", "application/json")
