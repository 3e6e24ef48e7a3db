"""Which Plex servers a token reaches, found over REST: every address tested, the best chosen."""

import logging
from collections import Counter, deque
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest

from shared.owners import account_token
from shared.schemas.secret import Secret
from shared.upstreams.rate_limit import EVERY
from simulators.asgi import App
from simulators.plex_server.app import PlexServer
from simulators.plex_tv.accounts import Address
from tests.integration.gateway.house import ADMIN
from tests.integration.linker.servers.stand_ins import Street, seen_by
from tests.integration.linker.servers.surroundings import Estate, addresses

PATH = "/api/plex/servers"


def publish(street: Street, *published: tuple[str, str]) -> None:
    """Let plex.tv list these addresses of the server: `local`, `remote` or `relay`, and where."""
    device = street.plex_tv.accounts.devices[street.device.machine_id]
    device.addresses[:] = [
        Address(
            uri=url,
            address=urlsplit(url).hostname or "",
            port=urlsplit(url).port or 80,
            is_local=kind == "local",
            is_relay=kind == "relay",
        )
        for kind, url in published
    ]


async def find(usher: Estate, token: str, *, query: dict[str, str] | None = None) -> Any:
    found = await usher.house.http.get(PATH, params=query, headers={**ADMIN, "X-Plex-Token": token})
    assert found.status_code == 200, found.text
    return found.json()


async def test_every_address_is_tested_and_the_best_that_works_is_chosen(usher: Estate, street: Street) -> None:
    stranger, page, slow = (
        PlexServer(*another_server(street)),
        App({}),
        PlexServer(street.plex_tv.accounts, street.device),
    )
    page.fail_next(200, times=9)
    slow.slow_next(timedelta(seconds=6), times=9)
    async with addresses(stranger, page, slow) as [strange, paged, slowly]:
        publish(
            street,
            ("relay", street.urls["plex"].replace("127.0.0.1", "localhost")),
            ("remote", street.urls["plex"]),
            ("local", strange),
            ("local", paged),
            ("local", slowly),
            ("remote", "http://169.254.169.254:80"),
            ("remote", "http://127.0.0.1:4222"),
        )
        found = await find(usher, street.tokens["plex"])

    [server] = found["items"]
    reasons = {each["uri"]: each["reason"] for each in server["connections"]}
    assert (server["name"], server["machine_identifier"], server["owned"]) == ("Attic", street.device.machine_id, True)
    assert server["best"] == street.urls["plex"]
    assert reasons[street.urls["plex"]] is None
    assert reasons[strange] == "another Plex server answers there"
    assert reasons[paged] == "what answers there is no Plex server"
    assert reasons[slowly] == "no answer within 3 s"
    assert "metadata" in reasons["http://169.254.169.254:80"]
    assert "4222" in reasons["http://127.0.0.1:4222"]
    assert [each["reachable"] for each in server["connections"]].count(True) == 2
    assert all(each["latency_ms"] >= 1 for each in server["connections"] if each["reachable"])
    assert street.tokens["plex"] not in seen_by(stranger) + seen_by(page) + seen_by(slow)


def another_server(street: Street) -> tuple[Any, Any]:
    accounts = street.plex_tv.accounts
    other = accounts.add_server("Cellar", owner=accounts.add("someone"), uris=[])
    return accounts, other


async def test_what_cannot_be_read_is_said_and_spoils_nothing(usher: Estate, street: Street) -> None:
    stranger = App({})
    async with addresses(stranger) as [strange]:
        odd = [
            {
                "protocol": "http",
                "address": "[::ffff:192.168.0.67]",
                "port": 4222,
                "uri": "http://[::ffff:192.168.0.67]:4222",
                "local": True,
                "IPv6": True,
            },
            {"uri": strange.replace("//", "//canary:canary@"), "local": True},
            {"uri": "http://2001:db8::1:32400", "address": "x y", "local": "yes", "port": 70_000},
            {"uri": "http://127.0.0.1:70000"},
            {"uri": ["http://127.0.0.1"], "port": {}},
            None,
        ]
        body = [
            None,
            {"provides": "server", "name": "Cellar"},
            {
                "clientIdentifier": street.device.machine_id,
                "provides": "server",
                "name": "Attic",
                "owned": 1,
                "connections": [*odd, {"uri": street.urls["plex"], "port": "32400"}],
            },
            {"clientIdentifier": "m2", "provides": "server", "name": "Shed", "connections": "none"},
        ]
        street.plex_tv.fail_next(
            200, path="/api/v2/resources", body=msgspec.json.encode(body), content_type="application/json"
        )
        found = await find(usher, street.tokens["plex"])

    [server] = found["items"]
    reasons = {each["uri"]: each["reason"] for each in server["connections"]}
    masked = strange.replace("//", "//***@")
    assert (server["name"], server["owned"], server["best"]) == ("Attic", True, street.urls["plex"])
    assert reasons == {
        street.urls["plex"]: None,
        "http://[::ffff:192.168.0.67]:4222": "Port 4222 is kept for Usher's own parts",
        masked: "The address must not hold a user name or password",
        "http://2001:db8::1:32400": reasons["http://2001:db8::1:32400"],
        "http://127.0.0.1:70000": "The port must be from 1 to 65535",
        "": "plex.tv names no address here",
    }
    assert "cannot be read" in reasons["http://2001:db8::1:32400"]
    assert [each.partition(" cannot be read")[0] for each in found["problems"]] == [
        "entry 1",
        "entry 2 (Cellar)",
        "entry 4 (Shed)",
    ]
    assert stranger.seen == deque()


async def test_a_server_that_nothing_leads_to_has_no_best(usher: Estate, street: Street) -> None:
    publish(street)
    found = await find(usher, street.tokens["plex"])

    assert (found["total"], found["items"][0]["best"], found["items"][0]["connections"]) == (1, None, [])


async def test_more_addresses_than_there_is_time_for_are_said_to_be_so(usher: Estate, street: Street) -> None:
    slow = App({})
    slow.slow_next(timedelta(seconds=60), times=500)
    async with addresses(slow) as [slowly]:
        publish(street, *(("remote", f"{slowly}/{number}") for number in range(250)))
        found = await find(usher, street.tokens["plex"])

    reasons = Counter(each["reason"] for each in found["items"][0]["connections"])
    assert reasons.total() == 250
    assert reasons["not tested: there were too many addresses for the time"] >= 100
    assert reasons["no answer within 3 s"] >= 10


async def test_the_header_is_preferred_to_the_address(usher: Estate, street: Street) -> None:
    publish(street, ("local", street.urls["plex"]))

    assert (await find(usher, street.tokens["plex"], query={"token": "wrong"}))["total"] == 1
    assert (await usher.get(PATH, token=street.tokens["plex"])).json()["total"] == 1


async def test_what_is_missing_or_wrong_is_said(usher: Estate, street: Street) -> None:
    missing, wrong = await usher.get(PATH), await usher.get(PATH, token="canary-wrong")
    odd, unknown = await usher.get(PATH, token="two words"), await usher.get(PATH, person="nobody")

    assert (missing.status_code, wrong.status_code, odd.status_code, unknown.status_code) == (400, 400, 400, 404)
    assert "X-Plex-Token" in missing.json()["detail"]
    assert wrong.json()["errors"] == [{"path": "token", "message": "plex.tv does not accept this token"}]
    assert "canary" not in wrong.text
    assert "two words" not in odd.text


async def test_a_person_who_has_linked_needs_no_token(usher: Estate, street: Street) -> None:
    publish(street, ("local", street.urls["plex"]))
    async with usher.parts.pool.acquire() as connection:
        await connection.execute("insert into persons (id, name) values ('p1', 'Ada'), ('p2', 'Ben')")
        await connection.execute(
            """insert into connections (provider, account_id, person_id, username, linked_at, check_at)
            values ('plex', '7', 'p1', 'ada', now(), now())"""
        )
    owner = account_token("plex", server="", account_id="7")
    await usher.vault.put(owner, Secret(street.tokens["plex"]))
    linked, unlinked = await usher.get(PATH, person="p1"), await usher.get(PATH, person="p2")
    await usher.vault.put(owner, Secret("dead"))
    dead = await usher.get(PATH, person="p1")

    assert (linked.json()["total"], unlinked.status_code, dead.status_code) == (1, 404, 409)
    assert unlinked.json()["detail"] == "Ben has no linked Plex account"


async def test_plex_tv_is_asked_within_the_rate_limit_of_all(usher: Estate, street: Street) -> None:
    publish(street, ("local", street.urls["plex"]))
    asked = len(street.plex_tv.seen)
    async with usher.parts.pool.acquire() as connection:
        await connection.execute(
            """insert into shared.rate_limits (name, free_at, held_until)
            values ('plex.tv', now(), now() + interval '40 seconds')"""
        )
    held = await usher.get(PATH, token=street.tokens["plex"])
    asked_meanwhile = len(street.plex_tv.seen) - asked
    async with usher.parts.pool.acquire() as connection:
        free_at = await connection.fetchval(
            """update shared.rate_limits
            set free_at = now() + interval '1 hour', held_until = '-infinity' returning free_at"""
        )
    busy = await usher.get(PATH, token=street.tokens["plex"])
    async with usher.parts.pool.acquire() as connection:
        later = await connection.fetchval("select free_at from shared.rate_limits") - free_at

    assert (held.status_code, asked_meanwhile) == (503, 0)
    assert 30 < int(held.headers["Retry-After"]) <= 40
    assert (busy.status_code, busy.json()["total"], later) == (200, 1, EVERY)


async def test_when_plex_tv_asks_for_a_wait_nobody_asks_it_meanwhile(usher: Estate, street: Street) -> None:
    street.plex_tv.fail_next(429, Retry_After="30")
    refused = await usher.get(PATH, token=street.tokens["plex"])
    asked = len(street.plex_tv.seen)
    again = await usher.get(PATH, token=street.tokens["plex"])

    assert (refused.status_code, again.status_code) == (503, 503)
    assert 20 < int(again.headers["Retry-After"]) <= 30
    assert len(street.plex_tv.seen) == asked


async def test_a_query_is_logged_nowhere(
    usher: Estate, street: Street, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    publish(street, ("local", street.urls["plex"]))
    token = street.tokens["plex"]
    await usher.get(PATH, token=token)
    await usher.get(PATH, token=f"{token}-wrong", person="x y")
    street.plex_tv.fail_next(500)
    away = await usher.get(PATH, token=token)
    audit = (await usher.get("/api/audit")).text
    written = capfd.readouterr()

    assert away.status_code in {502, 503}
    assert token not in away.text + audit + caplog.text + written.out + written.err
