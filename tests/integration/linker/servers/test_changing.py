"""Servers changed and removed over REST: where their secrets go, and what is told."""

import asyncio
from typing import Any

from shared.owners import server_password_suffix, server_token
from shared.schemas.secret import Secret
from simulators.asgi import App
from simulators.determinism import Ids
from simulators.jellyfin.app import Jellyfin
from tests.integration.linker.servers.stand_ins import Street, seen_by
from tests.integration.linker.servers.surroundings import MEDIA, SERVERS, Estate, addresses, fault


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
