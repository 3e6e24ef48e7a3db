"""Servers added over REST, with stand-ins for the real ones: what is kept, and what is refused."""

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from shared.owners import server_password_suffix, server_token
from shared.schemas.secret import Secret
from simulators.asgi import App, Request, Response, json_response, text_response
from tests.integration.linker.servers.stand_ins import Street, seen_by
from tests.integration.linker.servers.surroundings import MEDIA, SERVERS, Estate, addresses, fault


@pytest.mark.parametrize(("kind", "users"), [("plex", 2), ("jellyfin", 2), ("emby", 2)])
async def test_a_server_that_works_is_kept_with_what_it_says_of_itself(
    usher: Estate, street: Street, kind: str, users: int
) -> None:
    made = await usher.post(SERVERS, street.body(kind, request_limit=5, libraries=["1"], include_owner=True))

    assert made.status_code == 201, made.text
    server = made.json()
    assert (server["reachable"], server["problem"], server["user_count"]) == (True, None, users)
    assert server["machine_identifier"] == street.machines[kind]
    assert server["version"]
    assert server["token"] == f"…{street.tokens[kind][-4:]}"
    assert (server["request_limit"], server["libraries"], server["include_owner"]) == (5, ["1"], True)
    assert (await usher.get(f"{SERVERS}/{kind.title()}")).json() == server
    assert (await usher.get(SERVERS)).json() == {"items": [server], "total": 1, "limit": 50, "offset": 0}


async def test_a_wrong_token_is_refused_and_nothing_is_kept(usher: Estate, street: Street) -> None:
    refusals = [await usher.post(SERVERS, street.body(kind, token="canary-wrong")) for kind in MEDIA]

    assert {fault(refused) for refused in refusals} == {"token"}
    assert "canary" not in "".join(refused.text for refused in refusals)
    assert (await usher.get(SERVERS)).json()["total"] == 0
    assert await usher.vault.owners(kind="server") == []


async def test_an_address_of_another_kind_is_refused_and_gets_no_token(usher: Estate, street: Street) -> None:
    kinds = ("plex", "jellyfin", "emby", "seerr")
    pairs = [(kind, other) for kind in kinds[:3] for other in kinds if kind != other]
    for kind, other in pairs:
        refused = await usher.post(SERVERS, street.body(kind, url=street.urls[other]))

        assert fault(refused) == "url"
        assert other.title() in refused.json()["detail"]
        assert street.tokens[kind] not in seen_by(street.app(other))


async def test_a_server_that_is_away_is_kept_and_says_so(usher: Estate, street: Street) -> None:
    async with addresses(App({})) as [gone]:
        pass
    made = await usher.post(SERVERS, street.body("plex", url=gone))

    assert made.status_code == 201
    assert made.json()["reachable"] is False
    assert "is it running" in made.json()["problem"]
    assert made.json()["machine_identifier"] is None


@pytest.mark.parametrize("kind", ["jellyfin", "emby"])
async def test_one_odd_user_does_not_make_a_server_a_stranger(usher: Estate, street: Street, kind: str) -> None:
    rows = [{"Id": "1", "Name": "martha"}, {"Name": "jonas"}, {"Id": "3", "Policy": "odd"}]
    body = rows if kind == "jellyfin" else {"Items": rows}
    street.app(kind).fail_next(200, path="/Users", body=msgspec.json.encode(body), content_type="application/json")

    made = (await usher.post(SERVERS, street.body(kind))).json()

    assert (made["reachable"], made["problem"], made["user_count"]) == (True, None, 3)


@pytest.mark.parametrize("kind", ["jellyfin", "emby"])
async def test_a_list_that_cannot_be_read_at_all_is_not_blamed_on_the_token(
    usher: Estate, street: Street, kind: str
) -> None:
    street.app(kind).fail_next(200, path="/Users", body=b'{"rows": 1}', content_type="application/json")

    made = (await usher.post(SERVERS, street.body(kind))).json()

    assert made["reachable"] is True
    assert "the token could not be tested" in made["problem"]
    assert "does not understand" in made["problem"]


async def test_a_slow_server_is_kept_as_away_in_time(usher: Estate, street: Street) -> None:
    street.jellyfin.slow_next(timedelta(seconds=5))
    made = await usher.post(SERVERS, street.body("jellyfin"))

    assert (made.status_code, made.json()["reachable"]) == (201, False)


async def test_a_failing_server_is_kept_as_away(usher: Estate, street: Street) -> None:
    street.emby.fail_next(502)
    made = await usher.post(SERVERS, street.body("emby"))

    assert (made.status_code, made.json()["reachable"]) == (201, False)
    assert "<html>" not in made.text


class Page(App):
    """Answers everything with a web page, or somewhere else."""

    def __init__(self, status: int = 200, **headers: str) -> None:
        super().__init__({})
        self._response = text_response("<html>canary of a page</html>", "text/html", status, **headers)

    async def serve(self, request: Request) -> Response:  # noqa: ARG002 (it is all one)
        return self._response


async def test_what_is_no_server_is_refused_without_repeating_what_it_says(usher: Estate, street: Street) -> None:
    pages = [Page(), Page(404), Page(401), Page(302, Location="http://169.254.169.254/canary")]
    async with addresses(*pages) as urls:
        refusals = [await usher.post(SERVERS, street.body(kind, url=url)) for url in urls for kind in MEDIA]

    assert {fault(refused) for refused in refusals} == {"url"}
    assert ["points to another address (302)" in refused.text for refused in refusals] == [False] * 9 + [True] * 3
    assert [refused.text for refused in refusals if "canary" in refused.text or "169.254" in refused.text] == []


class Liar(App):
    """Says of itself what no server does."""

    def __init__(self, *, name: str, version: str = "1.0") -> None:
        super().__init__({})
        self._plex = {"MediaContainer": {"machineIdentifier": name, "version": version}}
        self._jellyfin = {"Id": name, "ServerName": "Attic", "Version": version, "ProductName": "Jellyfin Server"}

    async def serve(self, request: Request) -> Response:
        match request.path:
            case "/identity":
                return json_response(self._plex)
            case "/System/Info/Public":
                return json_response(self._jellyfin)
            case "/Users":
                return json_response([])
            case _:
                return json_response({"MediaContainer": {}})


async def test_a_server_of_a_name_that_none_has_is_refused(usher: Estate, street: Street) -> None:
    for name in ("a\0b", "", "x" * 101, "m" * 1_000_000, "a/../b", "\u202eabc", "a b"):
        async with addresses(Liar(name=name)) as [url]:
            refusals = [await usher.post(SERVERS, street.body(kind, url=url)) for kind in ("plex", "jellyfin")]

        assert [fault(refused) for refused in refusals] == ["url", "url"], name[:9]
        assert all(len(refused.content) < 1000 for refused in refusals), name[:9]


async def test_a_version_that_cannot_be_kept_is_cut_to_what_can(usher: Estate, street: Street) -> None:
    async with addresses(Liar(name="abc", version="1\0" + "9" * 100_000)) as [url]:
        made = [await usher.post(SERVERS, street.body(kind, url=url)) for kind in ("plex", "jellyfin")]

    assert [each.status_code for each in made] == [201, 201], [each.text[:300] for each in made]
    assert all(each.json()["version"].startswith("1 9") for each in made)
    assert all(len(each.json()["version"]) <= 100 for each in made)


URLS = [
    "http://169.254.169.254/latest",
    "http://[fe80::1]:32400",
    "http://anna:secret@127.0.0.1:32400",
    "ftp://127.0.0.1/",
    "file:///etc/passwd",
    "127.0.0.1:32400",
    "http://127.0.0.1:4222",
    "http://127.0.0.1:5432",
    "http://0x7f000001:5432",
    "http://127.0.0.1:32400/?a=b",
    "http://127.0.0.1:32400/#!/settings",
    "http://127.0.0.1:99999",
    "http://127.0.0.1:32400/ x",
    "http://",
    "http://" + "a" * 600,
    "   ",
]


async def test_an_address_that_usher_does_not_connect_to_is_refused_by_its_field(usher: Estate, street: Street) -> None:
    for url in URLS:
        refused = await usher.post(SERVERS, street.body("plex", url=url))

        assert fault(refused) == "url", url
        assert "secret" not in refused.text


NAMES = ["", " ", "a/b", "x" * 61, "..", ".", "Discord", "plex.tv", "TRAKT", "a\u202eb"]


async def test_a_name_that_cannot_be_is_refused(usher: Estate, street: Street) -> None:
    for name in NAMES:
        assert fault(await usher.post(SERVERS, street.body("plex", name=name))) == "name", name


WRONG: list[dict[str, Any]] = [
    {"type": "seerr"},
    {"type": "kodi"},
    {"token": ""},
    {"token": "two words"},
    {"token": "t" * 5000},
    {"token": "t\u00f6ken"},
    {"request_limit": -1},
    {"request_limit": 10**9},
    {"libraries": ["x"] * 201},
    {"libraries": ["\0"]},
    {"password_suffix": "x" * 101},
    {"machine_identifier": "a b"},
    {"surprise": 1},
    {"url": None},
]


async def test_a_wrong_value_is_a_400(usher: Estate, street: Street) -> None:
    for wrong in WRONG:
        assert (await usher.post(SERVERS, {**street.body("plex"), **wrong})).status_code == 400, wrong


async def test_a_name_is_taken_whatever_its_case(usher: Estate, street: Street) -> None:
    await usher.post(SERVERS, street.body("plex", name="Attic"))
    again = await usher.post(SERVERS, street.body("jellyfin", name="ATTIC"))

    assert again.status_code == 409


async def test_the_same_server_under_two_names_is_a_conflict(usher: Estate, street: Street) -> None:
    await usher.post(SERVERS, street.body("jellyfin"))
    again = await usher.post(SERVERS, street.body("jellyfin", name="Other"))

    assert again.status_code == 409
    assert "'Jellyfin'" in again.json()["detail"]


async def test_of_two_who_add_at_once_one_is_refused(usher: Estate, street: Street) -> None:
    answers = await asyncio.gather(*(usher.post(SERVERS, street.body("emby")) for _ in range(4)))

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


async def test_secrets_are_in_the_vault_and_nowhere_in_an_answer(usher: Estate, street: Street) -> None:
    made = await usher.post(SERVERS, street.body("plex", password_suffix="canary-suffix-2026"))
    await usher.post(f"{SERVERS}/Plex/test")
    token = street.tokens["plex"]

    assert made.json()["password_suffix"] == "…2026"
    assert await usher.vault.get(server_token("Plex", type="plex")) == Secret(token)
    assert await usher.vault.get(server_password_suffix("Plex", type="plex")) == Secret("canary-suffix-2026")
    for path in (SERVERS, f"{SERVERS}/Plex", "/api/health", "/api/audit"):
        answered = (await usher.get(path)).text
        assert token not in answered
        assert "canary" not in answered


async def test_a_short_suffix_is_not_shown_at_all(usher: Estate, street: Street) -> None:
    made = await usher.post(SERVERS, street.body("emby", password_suffix="2026"))

    assert made.json()["password_suffix"] == "…"


async def test_a_dry_run_tests_and_keeps_nothing(usher: Estate, street: Street) -> None:
    tried = await usher.post(SERVERS, street.body("jellyfin"), dry_run="true")
    refused = await usher.post(SERVERS, street.body("jellyfin", token="wrong"), dry_run="true")

    assert (tried.status_code, tried.json()["user_count"]) == (200, 2)
    assert fault(refused) == "token"
    assert (await usher.get(SERVERS)).json()["total"] == 0


async def test_a_dry_run_finds_the_same_server_under_another_name(usher: Estate, street: Street) -> None:
    await usher.post(SERVERS, street.body("jellyfin"))
    tried = await usher.post(SERVERS, street.body("jellyfin", name="Other"), dry_run="true")

    assert tried.status_code == 409
    assert "'Jellyfin'" in tried.json()["detail"]


async def test_a_name_that_no_server_can_have_is_not_looked_for(usher: Estate) -> None:
    for name in ("%00", "a%0Ab", "x" * 61, "%2e%2e"):
        answers = [await usher.get(f"{SERVERS}/{name}"), await usher.delete(f"{SERVERS}/{name}")]

        assert {answer.status_code for answer in answers} <= {400, 404}, name
