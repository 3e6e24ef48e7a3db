"""The connection to Seerr over REST, with each kind of Seerr that is in use."""

from datetime import timedelta

import msgspec
import pytest

from services.linker.seerr.store import note_import_problem
from shared.owners import server_token
from shared.schemas.secret import Secret
from simulators.asgi import App, Request, Response, json_response
from simulators.plex_tv.app import PlexTv
from simulators.seerr.app import Seerr
from simulators.seerr.dialect import Dialect
from tests.integration.linker.servers.stand_ins import Street, seen_by
from tests.integration.linker.servers.surroundings import Estate, addresses

KEY = "canary-seerr-key-1234"


def house_of_requests(dialect: Dialect = Dialect.SEERR) -> Seerr:
    seerr = Seerr(dialect, api_key=KEY)
    anna = seerr.users.add(email="anna@example.com", username="anna")
    seerr.users.ask_for(anna, "movie", 603, status=1)
    seerr.users.ask_for(anna, "movie", 604, status=2)
    seerr.users.ask_for(anna, "tv", 1396, status=3)
    return seerr


class Boaster(App):
    """A Seerr with more of everything than there can be."""

    async def serve(self, request: Request) -> Response:
        match request.path.removeprefix("/api/v1"):
            case "/status":
                return json_response({"version": "3.1.0\0" + "9" * 100_000})
            case "/user":
                return json_response({"pageInfo": {"results": 10**30}, "results": []})
            case "/request/count":
                return json_response({"total": -1, "movie": 10**30})
            case _:
                return json_response({"id": 1, "permissions": 2})


async def test_what_a_seerr_says_of_itself_is_kept_as_far_as_it_can_be(usher: Estate) -> None:
    async with addresses(Boaster({})) as [url]:
        changed = await usher.put("/api/seerr", {"url": url, "api_key": KEY})

    assert changed.status_code == 200, changed.text[:300]
    seerr = changed.json()
    assert len(seerr["version"]) <= 100
    assert (seerr["user_count"], seerr["requests"]["total"], seerr["requests"]["movie"]) == (10**9, 0, 10**9)


async def test_without_a_seerr_there_is_no_address(usher: Estate) -> None:
    shown = await usher.get("/api/seerr")

    assert (shown.status_code, shown.json()["url"], shown.json()["enabled"]) == (200, None, False)


async def test_every_kind_of_seerr_is_told_apart(usher: Estate) -> None:
    for dialect, named in {
        Dialect.OVERSEERR: "overseerr",
        Dialect.JELLYSEERR: "jellyseerr",
        Dialect.SEERR: "seerr",
        Dialect.SEERR_OF_MANY_DISCORD_IDS: "seerr-3.3",
    }.items():
        async with addresses(house_of_requests(dialect)) as [url]:
            changed = await usher.put("/api/seerr", {"url": f"{url}/api/v1/", "api_key": KEY, "enabled": True})
            shown = await usher.get("/api/seerr")

        assert changed.status_code == 200, changed.text
        seerr = shown.json()
        assert (seerr["dialect"], seerr["version"], seerr["url"]) == (named, dialect.value, url)
        assert (seerr["api_key"], seerr["user_count"], seerr["problem"]) == ("…1234", 2, None)
        assert (seerr["requests"]["total"], seerr["requests"]["pending"], seerr["requests"]["declined"]) == (3, 1, 1)
        assert changed.json()["requests"] == seerr["requests"]


async def test_what_is_wrong_is_refused_by_its_field(usher: Estate, street: Street) -> None:
    wrong = {
        "api_key": {"url": street.urls["seerr"], "api_key": "canary-wrong"},
        "url": {"url": street.urls["plex"], "api_key": KEY},
    }
    for field, body in wrong.items():
        refused = await usher.put("/api/seerr", body)

        assert (refused.status_code, refused.json()["errors"][0]["path"]) == (400, field)
        assert "canary" not in refused.text
    assert KEY not in seen_by(street.plex)
    assert (await usher.get("/api/seerr")).json()["url"] is None


async def test_a_dry_run_tests_and_keeps_nothing(usher: Estate) -> None:
    async with addresses(house_of_requests()) as [url]:
        tried = await usher.put("/api/seerr?dry_run=true", {"url": url, "api_key": KEY})
        wrong = await usher.put("/api/seerr?dry_run=true", {"url": url, "api_key": "canary-wrong"})
        before = (await usher.get("/api/seerr")).json()
        await usher.put("/api/seerr", {"url": url, "api_key": KEY})
        off = await usher.put("/api/seerr?dry_run=true", {"enabled": False, "gives_token": True})
        after = (await usher.get("/api/seerr")).json()
    audit = (await usher.get("/api/audit", action="seerr.changed")).json()

    assert (tried.status_code, tried.json()["url"], tried.json()["user_count"]) == (200, url, 2)
    assert (wrong.status_code, wrong.json()["errors"][0]["path"]) == (400, "api_key")
    assert (before["url"], off.json()["enabled"], off.json()["gives_token"]) == (None, False, True)
    assert (after["enabled"], after["gives_token"], audit["total"]) == (True, False, 1)


@pytest.mark.parametrize(("body", "field"), [({"api_key": KEY}, "url"), ({"url": "http://127.0.0.1:5055"}, "api_key")])
async def test_the_first_time_needs_address_and_key(usher: Estate, body: dict[str, str], field: str) -> None:
    refused = await usher.put("/api/seerr", body)

    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (400, field)


async def test_a_switch_is_changed_without_the_key_and_without_a_test(usher: Estate) -> None:
    seerr = house_of_requests()
    async with addresses(seerr) as [url]:
        await usher.put("/api/seerr", {"url": url, "api_key": KEY})
        asked = len(seerr.seen)
        changed = await usher.put("/api/seerr", {"gives_token": True})

    assert (changed.json()["gives_token"], changed.json()["api_key"]) == (True, "…1234")
    assert len(seerr.seen) == asked
    assert await usher.vault.get(server_token("Seerr", type="seerr")) == Secret(KEY)


async def test_the_key_that_is_kept_is_sent_to_no_other_host(usher: Estate) -> None:
    seerr, other = house_of_requests(), house_of_requests()
    async with addresses(seerr, other) as [url, elsewhere]:
        await usher.put("/api/seerr", {"url": url, "api_key": KEY})
        refused = await usher.put("/api/seerr", {"url": elsewhere})
        moved = await usher.put("/api/seerr", {"url": elsewhere, "api_key": KEY})

    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (400, "api_key")
    assert moved.json()["url"] == elsewhere


async def test_a_seerr_that_is_away_is_kept_and_says_so(usher: Estate) -> None:
    seerr = house_of_requests()
    async with addresses(seerr) as [url]:
        seerr.slow_next(timedelta(seconds=4), times=2)
        kept = await usher.put("/api/seerr", {"url": url, "api_key": KEY})
        back = await usher.get("/api/seerr")
    gone = await usher.get("/api/seerr")

    assert [each.json()["reachable"] for each in (kept, back, gone)] == [False, True, False]
    assert [each.json()["requests"] is None for each in (kept, back, gone)] == [True, False, True]
    assert gone.json()["user_count"] == 2


@pytest.mark.parametrize("dialect", [Dialect.OVERSEERR, Dialect.SEERR])
async def test_protection_against_forgery_is_said_at_once_and_until_it_is_off(usher: Estate, dialect: Dialect) -> None:
    seerr = house_of_requests(dialect)
    seerr.authentication.csrf_protection = True
    before = [msgspec.structs.replace(each) for each in seerr.users.by_id.values()]
    async with addresses(seerr) as [url]:
        tried = (await usher.put("/api/seerr?dry_run=true", {"url": url, "api_key": KEY})).json()
        kept = (await usher.put("/api/seerr", {"url": url, "api_key": KEY})).json()
        shown = (await usher.get("/api/seerr")).json()
        health = (await usher.get("/api/health")).json()["servers"]
        seerr.authentication.csrf_protection = False
        mended = (await usher.get("/api/seerr")).json()

    said = [each["problem"] for each in (tried, kept, shown, health[0])]
    assert ["CSRF protection is on: turn CSRF protection off" in each for each in said] == [True] * 4
    assert (kept["reachable"], mended["problem"]) == (True, None)
    assert [*seerr.users.by_id.values()] == before


async def test_an_import_that_failed_is_said_until_seerr_can_import_again(usher: Estate) -> None:
    plex_tv, seerr = PlexTv(), house_of_requests()
    owner, friend = plex_tv.accounts.add("owner"), plex_tv.accounts.add("friend")
    device = plex_tv.accounts.add_server("Attic", owner=owner, uris=[])
    seerr.uses_plex(plex_tv.accounts, machine_id=device.machine_id, owner_id=owner.id)
    async with addresses(seerr) as [url]:
        await usher.put("/api/seerr", {"url": url, "api_key": KEY})
        async with usher.parts.pool.acquire() as connection:
            await note_import_problem(connection, "Seerr cannot import: mend it")
        said = [(await usher.get(path)).json() for path in ("/api/health", "/api/seerr")]
        plex_tv.accounts.share(device, friend)
        mended = [(await usher.get("/api/seerr")).json()["problem"] for _ in range(2)]
        lists = sum(request.path.endswith("/settings/plex/users") for request in seerr.seen)

    assert [said[0]["servers"][0]["problem"], said[1]["problem"]] == ["Seerr cannot import: mend it"] * 2
    assert mended == [None, None]
    assert lists == 2  # and not again, where it works


async def test_an_address_is_the_same_however_it_is_written(usher: Estate) -> None:
    seerr = house_of_requests()
    async with addresses(seerr) as [url]:
        await usher.put("/api/seerr", {"url": url, "api_key": KEY})
        written = url.replace("http://", "HTTP://").replace("127.0.0.1", "LOCALHOST")
        again = await usher.put("/api/seerr", {"url": f"{written}/", "api_key": KEY})

    assert (again.status_code, again.json()["url"]) == (200, url.replace("127.0.0.1", "localhost"))


async def test_one_that_is_turned_off_is_not_asked(usher: Estate) -> None:
    seerr = house_of_requests()
    async with addresses(seerr) as [url]:
        await usher.put("/api/seerr", {"url": url, "api_key": KEY, "enabled": False})
        asked = len(seerr.seen)
        shown = await usher.get("/api/seerr")

    assert (shown.json()["enabled"], len(seerr.seen)) == (False, asked)
    assert (await usher.get("/api/health")).json()["servers"] == []


async def test_a_removed_seerr_is_gone_with_its_key(usher: Estate) -> None:
    async with addresses(house_of_requests()) as [url]:
        await usher.put("/api/seerr", {"url": url, "api_key": KEY})
        async with usher.parts.pool.acquire() as connection:
            await connection.execute("insert into persons (id, name, seerr_user_id) values ('p1', 'Anna', 2)")
        removed = await usher.delete("/api/seerr")
        shown, again = await usher.get("/api/seerr"), await usher.delete("/api/seerr")
        made_anew = await usher.put("/api/seerr", {"url": url, "api_key": KEY})

    assert (removed.status_code, removed.json()) == (200, {"url": url, "people": 1})
    assert (shown.json()["url"], again.status_code, made_anew.status_code) == (None, 404, 200)
    actions = [entry["action"] for entry in (await usher.get("/api/audit")).json()["items"]]
    assert actions == ["seerr.changed", "seerr.removed", "seerr.changed"]


async def test_the_key_of_a_removed_seerr_is_not_kept(usher: Estate, street: Street) -> None:
    await usher.put("/api/seerr", {"url": street.urls["seerr"], "api_key": "seerr-api-key"})
    await usher.delete("/api/seerr")
    anew = await usher.put("/api/seerr", {"url": street.urls["seerr"]})

    assert await usher.vault.owners(kind="server") == []
    assert (anew.status_code, anew.json()["errors"][0]["path"]) == (400, "api_key")


async def test_seerr_is_no_media_server(usher: Estate, street: Street) -> None:
    async with addresses(house_of_requests()) as [url]:
        await usher.put("/api/seerr", {"url": url, "api_key": KEY})

    assert (await usher.get("/api/mediaservers")).json()["total"] == 0
    for answer in (await usher.get("/api/mediaservers/Seerr"), await usher.delete("/api/mediaservers/Seerr")):
        assert answer.status_code == 404
