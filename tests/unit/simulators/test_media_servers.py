import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import pytest

from simulators.asgi import App
from simulators.determinism import Clock
from simulators.emby import Emby
from simulators.jellyfin.app import Jellyfin
from simulators.plex_server.app import PlexServer
from simulators.plex_tv.accounts import PlexAccount
from simulators.plex_tv.app import PlexTv

NOW: Final = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
DEVICE: Final = 'Client="Usher", Device="Server", DeviceId="usher-1", Version="1.0"'
JELLYFIN: Final = {"Authorization": f"MediaBrowser {DEVICE}"}
EMBY: Final = {"X-Emby-Authorization": f"Emby {DEVICE}"}


def client(app: App, headers: dict[str, str] | None = None) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://server", headers=headers)


class Attic:
    """A Plex server with an owner, a friend and a stranger."""

    def __init__(self) -> None:
        accounts = PlexTv(clock=Clock(NOW)).accounts
        self.accounts = accounts
        self.owner, self.friend, self.stranger = (accounts.add(name) for name in ("anna", "bert", "carl"))
        device = accounts.add_server("Attic", owner=self.owner, uris=["http://10.0.0.1:32400"])
        self.server_token = device.access_tokens[self.owner.id]
        self.share = accounts.share(device, self.friend)
        self.clock = Clock(NOW)
        self.server = PlexServer(accounts, device, clock=self.clock)
        self.movies = self.server.library.add_section("movie", "Movies")

    def client(self, token: str | None = None, *, accept: str = "application/json") -> httpx.AsyncClient:
        return client(self.server, {"Accept": accept, "X-Plex-Token": self.server_token if token is None else token})

    def account_token(self, account: PlexAccount) -> str:
        return self.accounts.sign_in(account)


@pytest.fixture
def attic() -> Attic:
    return Attic()


async def test_a_plex_server_tells_everybody_its_identity_and_nothing_else(attic: Attic) -> None:
    bare = attic.client("")
    identity = await bare.get("/identity")
    libraries = await bare.get("/library/sections")

    assert identity.json()["MediaContainer"]["machineIdentifier"] == next(iter(attic.accounts.devices))
    assert (libraries.status_code, libraries.headers["content-type"]) == (401, "text/html")


async def test_who_may_use_a_plex_server_with_which_token(attic: Attic) -> None:
    tokens = [
        attic.server_token,
        attic.account_token(attic.owner),
        attic.share,
        attic.account_token(attic.friend),
        attic.account_token(attic.stranger),
        "",
    ]
    statuses = [(await attic.client(token).get("/library/sections")).status_code for token in tokens]

    assert statuses == [200, 200, 200, 401, 401, 401]


async def test_a_share_that_ended_lets_nobody_in(attic: Attic) -> None:
    attic.accounts.unshare(next(iter(attic.accounts.devices.values())), attic.friend)

    assert (await attic.client(attic.share).get("/library/sections")).status_code == 401


async def test_a_library_is_paged_by_headers_and_counted(attic: Attic) -> None:
    for number in range(5):
        attic.server.library.add_movie(attic.movies, f"Movie {number}")
    path = f"/library/sections/{attic.movies.key}/all"
    page = {"X-Plex-Container-Start": "3", "X-Plex-Container-Size": "3"}
    second = await attic.client().get(path, headers=page)
    count = (await attic.client().get(path, params={"X-Plex-Container-Size": "0"})).json()["MediaContainer"]
    whole = (await attic.client().get(path)).json()["MediaContainer"]
    unknown = await attic.client().get("/library/sections/99/all")
    bad = await attic.client().get(path, headers={"X-Plex-Container-Size": "many"})

    container = second.json()["MediaContainer"]
    assert [each["title"] for each in container["Metadata"]] == ["Movie 3", "Movie 4"]
    assert (container["size"], container["totalSize"], container["offset"]) == (2, 5, 3)
    assert second.headers["X-Plex-Container-Total-Size"] == "5"
    assert (count["size"], count["totalSize"], "Metadata" in count) == (0, 5, False)
    assert (whole["size"], "totalSize" in whole) == (5, False)
    assert (unknown.status_code, bad.status_code) == (404, 400)


async def test_ids_of_other_catalogues_come_when_asked_for(attic: Attic) -> None:
    attic.server.library.add_movie(attic.movies, "The Matrix", year=1999, tmdb_id=603)
    path = f"/library/sections/{attic.movies.key}/all"
    without = (await attic.client().get(path)).json()["MediaContainer"]["Metadata"][0]
    with_ids = (await attic.client().get(f"{path}?includeGuids=1")).json()["MediaContainer"]["Metadata"][0]

    assert ("Guid" in without, with_ids["Guid"]) == (False, [{"id": "tmdb://603"}])


async def test_shows_seasons_and_episodes_are_asked_for_by_type(attic: Attic) -> None:
    shows = attic.server.library.add_section("show", "Shows")
    attic.server.library.add_show(shows, "Breaking Bad", episodes=(2, 1))
    path = f"/library/sections/{shows.key}/all"
    found = {
        kind: (await attic.client().get(path, params=kind and {"type": kind})).json()["MediaContainer"]["Metadata"]
        for kind in ("", "2", "3", "4")
    }

    assert {kind: len(each) for kind, each in found.items()} == {"": 1, "2": 1, "3": 2, "4": 3}
    assert found["4"][0]["grandparentTitle"] == "Breaking Bad"


async def test_what_is_new_comes_first(attic: Attic) -> None:
    attic.server.library.add_movie(attic.movies, "Old")
    attic.clock.advance(timedelta(days=1))
    attic.server.library.add_movie(attic.movies, "New")
    found = (await attic.client().get("/library/recentlyAdded")).json()["MediaContainer"]["Metadata"]

    assert [each["title"] for each in found] == ["New", "Old"]


async def test_a_search_has_a_hub_for_each_kind_and_says_when_there_is_more(attic: Attic) -> None:
    for number in range(4):
        attic.server.library.add_movie(attic.movies, f"Matrix {number}")
    found = (await attic.client().get("/hubs/search", params={"query": "matr"})).json()["MediaContainer"]["Hub"]
    refused = [await attic.client().get("/hubs/search", params=each) for each in ({}, {"query": "x", "limit": "x"})]

    assert [(each["type"], each["size"], each["more"]) for each in found] == [
        ("movie", 3, True),
        ("show", 0, False),
        ("episode", 0, False),
    ]
    assert [each.status_code for each in refused] == [400, 400]


async def test_only_the_owner_sees_who_watches(attic: Attic) -> None:
    movie = attic.server.library.add_movie(attic.movies, "The Matrix")
    empty = (await attic.client().get("/status/sessions")).json()["MediaContainer"]
    attic.server.library.play(movie, account_id=attic.friend.id, name="bert", offset=timedelta(minutes=1))
    found = (await attic.client().get("/status/sessions")).json()["MediaContainer"]["Metadata"][0]
    refused = await attic.client(attic.share).get("/status/sessions")

    assert empty == {"size": 0}
    assert (found["User"]["title"], found["viewOffset"], refused.status_code) == ("bert", 60_000, 403)


async def test_a_plex_server_answers_xml_unless_asked_for_json(attic: Attic) -> None:
    attic.server.library.add_movie(attic.movies, 'A "quoted" <movie> & more')
    response = await attic.client(accept="*/*").get(f"/library/sections/{attic.movies.key}/all")
    found = ET.fromstring(response.text)  # noqa: S314 - our own

    assert [(each.tag, each.attrib["title"]) for each in found] == [("Video", 'A "quoted" <movie> & more')]


async def signed_in(app: Jellyfin | Emby, name: str, password: str, *, device: str = "usher-1") -> httpx.Response:
    headers = JELLYFIN if isinstance(app, Jellyfin) else EMBY
    named = {header: value.replace("usher-1", device) for header, value in headers.items()}
    return await client(app, named).post("/Users/AuthenticateByName", json={"Username": name, "Pw": password})


def with_token(token: str, *, scheme: str = "MediaBrowser") -> dict[str, str]:
    return {"Authorization": f'{scheme} Token="{token}", {DEVICE}'}


async def test_jellyfin_lets_in_by_name_and_password() -> None:
    jellyfin = Jellyfin(clock=Clock(NOW))
    anna = jellyfin.household.add("Anna", "secret")
    right = await signed_in(jellyfin, "anna", "secret")
    wrong = [await signed_in(jellyfin, *each) for each in (("anna", "Secret"), ("nobody", "secret"), ("", ""))]
    me = await client(jellyfin, with_token(right.json()["AccessToken"])).get("/Users/Me")

    assert (right.status_code, right.json()["User"]["Id"], me.json()["Id"]) == (200, anna.id, anna.id)
    assert [(each.status_code, each.text) for each in wrong] == [(401, "Error processing request.")] * 3


async def test_jellyfin_needs_to_know_the_device_and_turns_away_the_disabled() -> None:
    jellyfin = Jellyfin()
    jellyfin.household.add("anna", "secret").is_disabled = True
    body = {"Username": "anna", "Pw": "secret"}
    nameless = await client(jellyfin).post("/Users/AuthenticateByName", json=body)
    half = {"Authorization": 'MediaBrowser Client="Usher", Device="Server"'}
    partly = await client(jellyfin, half).post("/Users/AuthenticateByName", json=body)
    disabled = await signed_in(jellyfin, "anna", "secret")

    assert (nameless.status_code, partly.status_code, disabled.status_code) == (400, 400, 403)


async def test_a_second_sign_in_of_a_device_ends_the_first() -> None:
    jellyfin = Jellyfin()
    jellyfin.household.add("anna", "secret")
    tokens = [(await signed_in(jellyfin, "anna", "secret")).json()["AccessToken"] for _ in range(2)]
    statuses = [(await client(jellyfin, with_token(token)).get("/Users/Me")).status_code for token in tokens]

    assert statuses == [401, 200]


async def test_a_quick_connect_is_pending_approved_and_fetched_with_one_token() -> None:
    jellyfin = Jellyfin(clock=Clock(NOW))
    anna = jellyfin.household.add("anna", "secret")
    asking = client(jellyfin, JELLYFIN)
    made = (await asking.post("/QuickConnect/Initiate")).json()
    body = {"Secret": made["Secret"]}
    early = await asking.post("/Users/AuthenticateWithQuickConnect", json=body)
    pending = (await asking.get("/QuickConnect/Connect", params={"secret": made["Secret"]})).json()
    jellyfin.approve(made["Code"], anna)
    approved = (await asking.get("/QuickConnect/Connect", params={"secret": made["Secret"]})).json()
    fetched = [await asking.post("/Users/AuthenticateWithQuickConnect", json=body) for _ in range(2)]
    me = await client(jellyfin, with_token(fetched[0].json()["AccessToken"])).get("/Users/Me")

    assert (len(made["Code"]), made["Authenticated"], pending["Authenticated"]) == (6, False, False)
    assert (early.status_code, approved["Authenticated"], me.json()["Id"]) == (404, True, anna.id)
    assert fetched[0].json()["AccessToken"] == fetched[1].json()["AccessToken"]
    with pytest.raises(LookupError):
        jellyfin.approve(made["Code"], anna)


async def test_a_quick_connect_is_over_after_ten_minutes_or_when_switched_off() -> None:
    clock = Clock(NOW)
    jellyfin = Jellyfin(clock=clock)
    asking = client(jellyfin, JELLYFIN)
    made = (await asking.post("/QuickConnect/Initiate")).json()
    clock.advance(timedelta(minutes=10))
    over = await asking.get("/QuickConnect/Connect", params={"secret": made["Secret"]})
    jellyfin.has_quick_connect = False
    off = await asking.post("/QuickConnect/Initiate")
    enabled = await asking.get("/QuickConnect/Enabled")
    nameless = await client(jellyfin).post("/QuickConnect/Initiate")

    assert (over.status_code, over.json(), off.status_code) == (404, "Unknown secret", 401)
    assert (enabled.json(), nameless.status_code) == (False, 400)


async def test_somebody_signed_in_can_type_the_code() -> None:
    jellyfin = Jellyfin()
    jellyfin.household.add("anna", "secret")
    token = (await signed_in(jellyfin, "anna", "secret")).json()["AccessToken"]
    waiting = {"Authorization": JELLYFIN["Authorization"].replace("usher-1", "usher-2")}
    made = (await client(jellyfin, waiting).post("/QuickConnect/Initiate")).json()
    typing = client(jellyfin, with_token(token))
    path = "/QuickConnect/Authorize"
    statuses = [(await typing.post(path, params={"code": code})).status_code for code in (made["Code"], "000000")]
    nobody = await client(jellyfin, JELLYFIN).post(path, params={"code": made["Code"]})

    assert (statuses, nobody.status_code) == ([200, 404], 401)


@pytest.mark.parametrize("path", ["/Users", "/users"])
async def test_only_administrators_and_keys_see_all_users(path: str) -> None:
    jellyfin = Jellyfin()
    jellyfin.household.add("anna", "secret")
    token = (await signed_in(jellyfin, "anna", "secret")).json()["AccessToken"]
    key = jellyfin.household.add_key()
    seen = await client(jellyfin, with_token(key)).get(path)
    statuses = [(await client(jellyfin, with_token(each)).get(path)).status_code for each in (token, "wrong")]
    me = await client(jellyfin, with_token(key)).get("/Users/Me")

    assert [each["Name"] for each in seen.json()] == ["anna"]
    assert "Email" not in seen.text
    assert (statuses, me.status_code) == ([403, 401], 400)


async def test_logging_out_ends_the_token() -> None:
    jellyfin = Jellyfin()
    jellyfin.household.add("anna", "secret")
    token = (await signed_in(jellyfin, "anna", "secret")).json()["AccessToken"]
    statuses = [(await client(jellyfin, with_token(token)).post("/Sessions/Logout")).status_code for _ in range(2)]

    assert statuses == [204, 401]


async def test_legacy_headers_can_be_switched_off() -> None:
    jellyfin = Jellyfin()
    key = jellyfin.household.add_key()
    legacy = client(jellyfin, {"X-Emby-Token": key})
    before = await legacy.get("/Users")
    jellyfin.takes_legacy_headers = False
    after = await legacy.get("/Users")

    assert (before.status_code, after.status_code) == (200, 401)


async def test_emby_lets_in_by_name_and_password_and_has_no_quick_connect() -> None:
    emby = Emby()
    anna = emby.household.add("anna", "secret")
    right = await signed_in(emby, "Anna", "secret")
    wrong = await signed_in(emby, "anna", "wrong")
    nameless = await client(emby).post("/Users/AuthenticateByName", json={"Username": "anna", "Pw": "secret"})
    own = await client(emby, {"X-Emby-Token": right.json()["AccessToken"]}).get(f"/emby/Users/{anna.id}")
    quick = await client(emby, EMBY).post("/QuickConnect/Initiate")

    assert (right.status_code, own.json()["Name"]) == (200, "anna")
    assert (wrong.status_code, wrong.text) == (401, "Invalid username or password entered.")
    assert (nameless.status_code, nameless.text) == (400, "Value cannot be null. (Parameter 'appName')")
    assert quick.status_code == 404


async def test_embys_users_are_for_administrators_and_keys() -> None:
    emby = Emby()
    emby.household.add("anna", "secret")
    boss = emby.household.add("boss", "secret", is_administrator=True)
    tokens = {
        name: (await signed_in(emby, name, "secret", device=name)).json()["AccessToken"] for name in ("anna", "boss")
    }
    answers: dict[str, Any] = {
        name: await client(emby, with_token(token, scheme="Emby")).get("/Users/Query") for name, token in tokens.items()
    }
    other = await client(emby, with_token(tokens["anna"])).get(f"/Users/{boss.id}")
    dead = await client(emby, with_token("dead")).get("/Users/Query")

    assert [answers["anna"].status_code, answers["boss"].json()["TotalRecordCount"], other.status_code] == [403, 2, 404]
    assert (dead.status_code, dead.text) == (401, "Access token is invalid or expired.")


async def test_logging_out_of_emby_ends_the_token() -> None:
    emby = Emby()
    emby.household.add("anna", "secret")
    token = (await signed_in(emby, "anna", "secret")).json()["AccessToken"]
    statuses = [(await client(emby, with_token(token)).post("/Sessions/Logout")).status_code for _ in range(2)]

    assert statuses == [204, 401]
