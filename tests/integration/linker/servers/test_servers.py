"""Servers set up over REST, with stand-ins for the real ones: what is kept, what is refused, and what is told."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from shared.bus.connection import Bus
from shared.owners import server_password_suffix, server_token
from shared.schemas.secret import Secret
from simulators.asgi import App, Request, Response, json_response, text_response
from simulators.given import Ids
from simulators.jellyfin.app import Jellyfin
from simulators.mediabrowser import Client
from tests.integration.linker.servers.estate import Estate, addresses
from tests.integration.linker.servers.street import Street, seen_by
from tests.integration.service import until

SERVERS = "/api/mediaservers"
MEDIA = ("plex", "jellyfin", "emby")


def fault(answer: Any) -> str:
    """Return which field was refused."""
    assert answer.status_code == 400, answer.text
    return str(answer.json()["errors"][0]["path"])


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


@pytest.mark.parametrize("name", ["a\0b", "", "x" * 101, "m" * 1_000_000, "a/../b", "\u202eabc", "a b"])
async def test_a_server_of_a_name_that_none_has_is_refused(usher: Estate, street: Street, name: str) -> None:
    async with addresses(Liar(name=name)) as [url]:
        refusals = [await usher.post(SERVERS, street.body(kind, url=url)) for kind in ("plex", "jellyfin")]

    assert [fault(refused) for refused in refusals] == ["url", "url"]
    assert all(len(refused.content) < 1000 for refused in refusals)


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


async def test_a_change_without_a_token_keeps_it(usher: Estate, street: Street) -> None:
    await usher.post(SERVERS, street.body("plex", password_suffix="canary-suffix-2026"))
    changed = await usher.put(f"{SERVERS}/Plex", {"request_limit": 3, "enabled": False})

    assert changed.status_code == 200, changed.text
    assert (changed.json()["request_limit"], changed.json()["enabled"]) == (3, False)
    assert changed.json()["password_suffix"] == "…2026"
    assert await usher.vault.get(server_token("Plex", type="plex")) == Secret(street.tokens["plex"])


async def test_null_takes_a_limit_and_a_suffix_away(usher: Estate, street: Street) -> None:
    await usher.post(SERVERS, street.body("plex", password_suffix="canary-suffix-2026", request_limit=2))
    changed = (await usher.put(f"{SERVERS}/Plex", {"request_limit": None, "password_suffix": None})).json()

    assert (changed["request_limit"], changed["password_suffix"]) == (None, None)
    assert await usher.vault.get(server_password_suffix("Plex", type="plex")) is None


async def test_a_wrong_new_token_changes_nothing(usher: Estate, street: Street) -> None:
    await usher.post(SERVERS, street.body("plex"))
    refused = await usher.put(f"{SERVERS}/Plex", {"token": "wrong", "request_limit": 3})

    assert fault(refused) == "token"
    assert (await usher.get(f"{SERVERS}/Plex")).json()["request_limit"] is None
    assert await usher.vault.get(server_token("Plex", type="plex")) == Secret(street.tokens["plex"])


async def test_a_kept_token_is_not_sent_to_another_server(usher: Estate, street: Street) -> None:
    other = Jellyfin(name="Other", ids=Ids("other"))
    await usher.post(SERVERS, street.body("jellyfin"))
    async with addresses(other) as [url]:
        refused = await usher.put(f"{SERVERS}/Jellyfin", {"url": url})
        renamed = await usher.put(f"{SERVERS}/Jellyfin", {"url": url, "machine_identifier": other.server_id})
        key = other.household.add_key()
        moved = await usher.put(f"{SERVERS}/Jellyfin", {"url": url, "token": key})

    assert (fault(refused), fault(renamed)) == ("token", "token")
    assert street.tokens["jellyfin"] not in seen_by(other)
    assert (moved.status_code, moved.json()["machine_identifier"]) == (200, other.server_id)


async def test_a_kept_token_is_not_sent_to_who_claims_to_be_the_same_server(usher: Estate, street: Street) -> None:
    for kind in MEDIA:
        await usher.post(SERVERS, street.body(kind))
        asked = len(street.app(kind).seen)
        async with addresses(street.app(kind)) as [elsewhere]:
            refused = await usher.put(f"{SERVERS}/{kind.title()}", {"url": elsewhere})
            asked_since = len(street.app(kind).seen)
            moved = await usher.put(f"{SERVERS}/{kind.title()}", {"url": elsewhere, "token": street.tokens[kind]})

        assert (fault(refused), asked_since) == ("token", asked)
        assert "send it too" in refused.json()["detail"]
        assert (moved.status_code, moved.json()["url"]) == (200, elsewhere), moved.text


async def test_a_token_of_a_server_that_was_never_reached_goes_nowhere_else(usher: Estate, street: Street) -> None:
    async with addresses(App({})) as [gone]:
        pass
    await usher.post(SERVERS, street.body("plex", url=gone))
    street.plex.seen.clear()
    refused = await usher.put(f"{SERVERS}/Plex", {"url": street.urls["plex"]})

    assert fault(refused) == "token"
    assert len(street.plex.seen) == 0
    assert (await usher.get(f"{SERVERS}/Plex")).json()["url"] == gone


async def test_the_same_host_written_otherwise_keeps_the_token(usher: Estate, street: Street) -> None:
    await usher.post(SERVERS, street.body("emby"))
    changed = await usher.put(f"{SERVERS}/Emby", {"url": street.urls["emby"].replace("http://", "HTTP://") + "/"})

    assert (changed.status_code, changed.json()["reachable"]) == (200, True), changed.text


async def test_another_server_than_the_one_that_was_named_is_refused(usher: Estate, street: Street) -> None:
    refused = await usher.post(SERVERS, street.body("emby", machine_identifier="abc"))

    assert fault(refused) == "machine_identifier"


async def test_name_and_type_cannot_be_changed(usher: Estate, street: Street) -> None:
    await usher.post(SERVERS, street.body("plex"))

    assert fault(await usher.put(f"{SERVERS}/Plex", {"name": "New"})) == "name"
    assert fault(await usher.put(f"{SERVERS}/Plex", {"type": "emby"})) == "type"
    same = {"name": "Plex", "type": "plex"}
    assert (await usher.put(f"{SERVERS}/Plex", same)).status_code == 200


async def test_of_two_who_change_at_once_none_overwrites_the_other_unseen(usher: Estate, street: Street) -> None:
    await usher.post(SERVERS, street.body("plex"))
    changes: list[dict[str, Any]] = [{"request_limit": 1, "url": street.urls["plex"]}, {"include_owner": True}]
    answers = await asyncio.gather(*(usher.put(f"{SERVERS}/Plex", change) for change in changes))

    now = (await usher.get(f"{SERVERS}/Plex")).json()
    done = [change for change, answer in zip(changes, answers, strict=True) if answer.status_code == 200]
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert [change for change in done if now | change != now] == []


async def test_a_removed_server_is_gone_with_its_secrets(usher: Estate, street: Street) -> None:
    await usher.post(SERVERS, street.body("plex", password_suffix="canary-suffix-2026"))
    removed = await usher.delete(f"{SERVERS}/Plex")

    assert (removed.status_code, removed.json()) == (200, {"name": "Plex", "linked_accounts": 0})
    assert await usher.vault.owners(kind="server") == []
    for method in (usher.get, usher.delete):
        assert (await method(f"{SERVERS}/Plex")).status_code == 404
    assert (await usher.put(f"{SERVERS}/Plex", {"enabled": True})).status_code == 404
    assert (await usher.post(f"{SERVERS}/Plex/test")).status_code == 404


async def test_who_depends_on_a_removed_server_is_told(usher: Estate, street: Street) -> None:
    await usher.post(SERVERS, street.body("jellyfin"))
    async with usher.parts.pool.acquire() as connection:
        await connection.execute("insert into persons (id, name) values ('p1', 'Ada')")
        await connection.execute(
            """insert into connections (provider, server, account_id, person_id, username, linked_at, check_at)
            values ('jellyfin', $1, 'a1', 'p1', 'ada', now(), now())""",
            street.machines["jellyfin"],
        )

    assert (await usher.delete(f"{SERVERS}/Jellyfin")).json()["linked_accounts"] == 1


async def test_a_test_says_what_works_and_how_to_mend_the_rest(usher: Estate, street: Street) -> None:
    await usher.post(SERVERS, street.body("plex"))
    well = (await usher.post(f"{SERVERS}/Plex/test")).json()
    street.plex_tv.accounts.revoke(street.tokens["plex"])
    ill = (await usher.post(f"{SERVERS}/Plex/test")).json()

    assert (well["works"], well["user_count"]) == (True, 2)
    assert [(each["aspect"], each["works"]) for each in ill["findings"]] == [("server", True), ("credential", False)]
    assert ill["findings"][1]["mend"]
    assert "does not accept the token" in (await usher.get(f"{SERVERS}/Plex")).json()["problem"]


async def test_a_friends_token_works_with_less_rights(usher: Estate, street: Street) -> None:
    made = (await usher.post(SERVERS, street.body("plex", token=street.friends_token))).json()

    assert made["reachable"] is True
    assert "not that of the owner" in made["problem"]
    assert made["user_count"] is None


async def test_a_users_token_of_jellyfin_works_with_less_rights(usher: Estate, street: Street) -> None:
    user = street.jellyfin.household.named("jonas")
    assert user is not None
    session = street.jellyfin.household.sign_in(
        user, Client(client="Web", device="Browser", device_id="1", version="1")
    )
    made = (await usher.post(SERVERS, street.body("jellyfin", token=session))).json()

    assert (made["reachable"], made["user_count"]) == (True, None)
    assert "administrator" in made["problem"]


async def test_a_servers_own_token_does_not_tell_its_users(usher: Estate, street: Street) -> None:
    made = (await usher.post(SERVERS, street.body("plex", token=street.owners_server_token))).json()

    assert (made["reachable"], made["user_count"]) == (True, None)
    assert "plex.tv does not tell" in made["problem"]


async def test_a_servers_users_are_not_counted_while_plex_tv_asks_for_a_wait(usher: Estate, street: Street) -> None:
    async with usher.parts.pool.acquire() as connection:
        await connection.execute(
            "insert into budgets (name, free_at, held_until) values ('plex.tv', now(), now() + interval '1 minute')"
        )
    asked = len(street.plex_tv.seen)
    made = await usher.post(SERVERS, street.body("plex"))

    assert (made.status_code, made.json()["reachable"], made.json()["user_count"]) == (201, True, None)
    assert "plex.tv asked us to wait" in made.json()["problem"]
    assert len(street.plex_tv.seen) == asked


async def test_changes_are_said_and_noted(usher: Estate, street: Street, bus: Bus) -> None:
    heard: list[bytes] = []

    async def hear(message: Any) -> None:
        heard.append(message.data)

    await bus.client.subscribe("events.server.changed", cb=hear)
    before = usher.clients.upstreams.of("Plex")
    await usher.post(SERVERS, street.body("plex"))
    await usher.put(f"{SERVERS}/Plex", {"request_limit": 3})
    await usher.delete(f"{SERVERS}/Plex")
    await until(lambda: len(heard) == 3)
    actions = [entry["action"] for entry in (await usher.get("/api/audit")).json()["items"]]

    assert actions == ["server.removed", "server.changed", "server.added"]
    assert b"Plex" in heard[0]
    assert street.tokens["plex"].encode() not in b"".join(heard)
    assert usher.clients.upstreams.of("Plex") is not before


async def test_what_changes_needs_an_admin(usher: Estate, street: Street) -> None:
    key = (await usher.post("/api/keys", {"name": "w", "scopes": ["read", "write"]})).json()["key"]
    headers = {"X-API-Key": key}

    assert (await usher.house.post(SERVERS, street.body("plex"), headers=headers)).status_code == 403
    assert (await usher.house.delete(f"{SERVERS}/Plex", headers=headers)).status_code == 403
    assert (await usher.house.get("/api/plex/servers", headers=headers)).status_code == 403
    assert (await usher.house.get(SERVERS, headers=headers)).status_code == 200


async def test_health_lists_every_server_as_it_was_last_seen(usher: Estate, street: Street) -> None:
    await usher.post(SERVERS, street.body("plex"))
    await usher.put("/api/seerr", {"url": street.urls["seerr"], "api_key": "seerr-api-key"})
    asked = len(street.plex.seen)
    health = (await usher.get("/api/health")).json()

    found = {each["name"]: each for each in health["servers"]}
    assert {name: (each["type"], each["reachable"]) for name, each in found.items()} == {
        "Plex": ("plex", True),
        "Seerr": ("seerr", True),
    }
    assert all(each["checked_at"] for each in found.values())
    assert len(street.plex.seen) == asked
