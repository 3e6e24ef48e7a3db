"""Servers seen over REST: what a test finds of them, who may change them, and what is said of it."""

from typing import Any

from shared.bus.connection import Bus
from simulators.mediabrowser import Client
from tests.integration.linker.servers.stand_ins import Street
from tests.integration.linker.servers.surroundings import SERVERS, Estate
from tests.integration.service import until


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
    user = street.jellyfin.household.by_name("jonas")
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
            """insert into shared.rate_limits (name, free_at, held_until)
            values ('plex.tv', now(), now() + interval '1 minute')"""
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
