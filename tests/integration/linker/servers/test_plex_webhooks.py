"""Usher's webhook on a Plex account, set over REST through the real linker at the stand-in for plex.tv."""

import logging
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from shared.owners import server_token
from shared.schemas.secret import Secret
from tests.integration.gateway.house import WEBHOOK_SECRET
from tests.integration.linker.servers.plex_accounts import OURS, have, link, martha, webhooks
from tests.integration.linker.servers.stand_ins import Street
from tests.integration.linker.servers.surroundings import Estate

PATH = "/api/plex/webhooks"
AT_PLEX_TV = "/api/v2/user/webhooks"
OUTDATED = "https://usher.test/webhooks/plex/?token=canary-outdated"
OTHERS = ["https://tautulli.example.org/hook?apikey=canary-other", "http://192.168.1.5:8123/api/webhook/canary"]
HOSTS = ["tautulli.example.org", "192.168.1.5"]


def written(street: Street) -> int:
    return sum(each.method == "POST" and each.path.endswith("/webhooks") for each in street.plex_tv.seen)


@pytest.fixture
async def usher(usher: Estate, street: Street) -> Estate:
    added = await usher.post("/api/mediaservers", street.body("plex"))
    assert added.status_code == 201, added.text
    return usher


async def set_on(usher: Estate, **body: Any) -> Any:
    return await usher.post(PATH, body or {"server": "Plex"})


async def test_the_webhook_is_added_beside_those_of_others(usher: Estate, street: Street) -> None:
    have(street, *OTHERS)
    before = (await usher.get(PATH, server="Plex")).json()
    done = (await set_on(usher)).json()
    after = (await usher.get(PATH, server="Plex")).json()

    assert before == {"account": "martha", "present": False, "outdated": 0, "others": HOSTS}
    assert done == {"account": "martha", "added": True, "replaced": 0, "kept": HOSTS}
    assert after == {"account": "martha", "present": True, "outdated": 0, "others": HOSTS}
    assert webhooks(street) == [*OTHERS, OURS]


async def test_an_address_of_this_usher_with_another_secret_is_replaced(usher: Estate, street: Street) -> None:
    have(street, OUTDATED, *OTHERS)
    before = (await usher.get(PATH, server="Plex")).json()
    done = (await set_on(usher)).json()

    assert (before["present"], before["outdated"], before["others"]) == (False, 1, HOSTS)
    assert (done["added"], done["replaced"], done["kept"]) == (True, 1, HOSTS)
    assert webhooks(street) == [*OTHERS, OURS]


async def test_twice_is_the_same_as_once(usher: Estate, street: Street) -> None:
    have(street, *OTHERS)
    await set_on(usher)
    again = (await set_on(usher)).json()

    assert again == {"account": "martha", "added": False, "replaced": 0, "kept": HOSTS}
    assert (webhooks(street), written(street)) == ([*OTHERS, OURS], 1)


async def test_another_secret_is_set_by_its_id(usher: Estate, street: Street) -> None:
    have(street, OURS)
    made = (await usher.post("/api/webhooks/secrets", {"source": "plex"})).json()
    emby = (await usher.post("/api/webhooks/secrets", {"source": "emby"})).json()
    done = (await set_on(usher, server="Plex", secret_id=made["id"])).json()
    wrong = await set_on(usher, server="Plex", secret_id=emby["id"])

    assert (done["added"], done["replaced"]) == (True, 1)
    assert webhooks(street) == [made["addresses"][0]["url"]]
    assert wrong.status_code == 404


async def test_a_person_who_has_linked_has_an_account_to_set_it_on(usher: Estate, street: Street) -> None:
    have(street)
    await link(usher, street.tokens["plex"])
    done, unlinked = await set_on(usher, person="p1"), await set_on(usher, person="p2")
    unknown, both, neither = (
        await set_on(usher, person="nobody"),
        await set_on(usher, person="p1", server="Plex"),
        await usher.post(PATH, {}),
    )

    assert (done.status_code, webhooks(street)) == (200, [OURS])
    assert [each.status_code for each in (unlinked, unknown, both, neither)] == [404, 404, 400, 400]


async def test_without_plex_pass_nothing_is_changed_and_it_is_said(usher: Estate, street: Street) -> None:
    martha(street, has_pass=False)
    shown, done = await usher.get(PATH, server="Plex"), await set_on(usher)

    assert (shown.status_code, done.status_code, written(street)) == (409, 409, 0)
    assert "Plex Pass" in done.json()["detail"]


async def test_a_token_that_plex_tv_refuses_is_said_to_be_refused(usher: Estate, street: Street) -> None:
    have(street, *OTHERS)
    await link(usher, "revoked")
    await usher.vault.put(server_token("Plex", type="plex"), Secret(street.owners_server_token))
    of_server, of_person = await set_on(usher), await set_on(usher, person="p1")

    assert (of_server.status_code, of_person.status_code) == (409, 409)
    assert "token of Plex" in of_server.json()["detail"]
    assert "linked again" in of_person.json()["detail"]
    assert webhooks(street) == OTHERS


async def test_a_server_that_is_no_plex_server_is_none(usher: Estate, street: Street) -> None:
    await usher.post("/api/mediaservers", street.body("emby"))
    wrong, unknown = await set_on(usher, server="Emby"), await set_on(usher, server="Cellar")

    assert (wrong.status_code, unknown.status_code) == (404, 404)


async def test_nothing_is_written_while_the_list_cannot_be_read(usher: Estate, street: Street) -> None:
    have(street, *OTHERS)
    body = msgspec.json.encode([{"url": OTHERS[0]}, {"uri": OTHERS[1]}])
    street.plex_tv.fail_next(200, path=AT_PLEX_TV, body=body, content_type="application/json")
    odd = await set_on(usher)
    street.plex_tv.fail_next(500, path=AT_PLEX_TV)
    away = await set_on(usher)

    assert (odd.status_code, away.status_code, written(street)) == (502, 503, 0)
    assert webhooks(street) == OTHERS


async def test_plex_tv_asking_for_a_wait_is_passed_on(usher: Estate, street: Street) -> None:
    have(street, *OTHERS)
    street.plex_tv.fail_next(429, path=AT_PLEX_TV, Retry_After="30")
    refused = await set_on(usher)
    asked = len(street.plex_tv.seen)
    again = await set_on(usher)

    assert (refused.status_code, again.status_code) == (503, 503)
    assert 20 < int(again.headers["Retry-After"]) <= 30
    assert len(street.plex_tv.seen) == asked


async def test_an_answer_that_was_lost_on_the_way_is_made_good_by_trying_again(usher: Estate, street: Street) -> None:
    have(street, *OTHERS)
    street.plex_tv.slow_next(timedelta(), path=AT_PLEX_TV)  # the list is read, and then written
    street.plex_tv.lose_next(path=AT_PLEX_TV)
    lost = await set_on(usher)
    again = (await set_on(usher)).json()

    assert (lost.status_code, again["added"], written(street)) == (503, False, 1)
    assert webhooks(street) == [*OTHERS, OURS]


async def test_a_webhook_that_plex_tv_does_not_keep_is_not_said_to_be_set(usher: Estate, street: Street) -> None:
    have(street, *OTHERS)
    street.plex_tv.slow_next(timedelta(), path=AT_PLEX_TV)
    street.plex_tv.fail_next(201, path=AT_PLEX_TV, body=b"[]", content_type="application/json")
    done = await set_on(usher)

    assert (done.status_code, webhooks(street)) == (502, OTHERS)
    assert "did not keep it" in done.json()["detail"]


async def test_the_change_is_audited_and_no_secret_is_told_or_logged(
    usher: Estate, street: Street, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    have(street, OUTDATED, *OTHERS)
    shown, done = await usher.get(PATH, server="Plex"), await set_on(usher)
    audit = await usher.get("/api/audit")
    printed = capfd.readouterr()
    told = shown.text + done.text + audit.text + caplog.text + printed.out + printed.err

    assert audit.json()["items"][0]["action"] == "plex_webhook.set"
    assert audit.json()["items"][0]["object"] == "Plex account martha"
    for secret in ("canary", WEBHOOK_SECRET, street.tokens["plex"]):
        assert secret not in told
