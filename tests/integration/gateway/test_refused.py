"""A sender whose webhooks are refused shows in log, metrics and API; its secrets never do."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from services.gateway.refusals.recorder import RefusalRecorder
from shared.postgres.pool import Connection, Pool
from shared.schemas.secret import Secret
from tests.integration.gateway.house import WEBHOOK_SECRET, House, open_house, prepared, settings
from tests.integration.service import until

WRONG = "canary-of-a-wrong-secret"
PLAY = b'{"event": "media.play"}'
JSON = {"Content-Type": "application/json"}
RIGHT = f"/webhooks/seerr?token={WEBHOOK_SECRET}"
BIG = b"x" * 300_000

REFUSED: list[tuple[str, str, dict[str, str], bytes, int, tuple[str, str]]] = [
    ("GET", RIGHT, {}, b"", 405, ("seerr", "method")),
    ("HEAD", RIGHT, {}, b"", 405, ("seerr", "method")),
    ("PUT", f"/webhooks/plex/{WRONG}", JSON, PLAY, 405, ("plex", "method")),
    ("POST", f"/webhooks/seerr?token={WRONG}", JSON, PLAY, 401, ("seerr", "wrong_secret")),
    ("POST", f"/webhooks/emby/{WRONG}", JSON, PLAY, 401, ("emby", "wrong_secret")),
    (
        "POST",
        "/webhooks/jellyfin",
        {**JSON, "Authorization": f"Bearer {WRONG}"},
        PLAY,
        401,
        ("jellyfin", "wrong_secret"),
    ),
    ("POST", "/webhooks/tautulli", JSON, PLAY, 401, ("tautulli", "no_secret")),
    ("POST", f"/webhooks/kodi/{WRONG}", JSON, PLAY, 404, ("unknown", "address")),
    ("POST", f"/webhooks/plex/{WRONG}/more", JSON, PLAY, 404, ("plex", "address")),
    ("POST", f"/Webhooks//plex/{WRONG}", JSON, PLAY, 404, ("plex", "address")),
    ("POST", f"/usher/webhooks/emby/{WRONG}", JSON, PLAY, 404, ("emby", "address")),
    ("POST", RIGHT, JSON, b"no JSON: canary", 400, ("seerr", "body")),
    ("POST", RIGHT, JSON, BIG, 413, ("seerr", "too_large")),
    ("POST", f"/webhooks/plex/{WEBHOOK_SECRET}", {"Content-Type": "text/xml"}, PLAY, 415, ("plex", "content_type")),
    ("POST", RIGHT, {**JSON, "Content-Encoding": "gzip"}, PLAY, 415, ("seerr", "content_type")),
]


async def refused(house: House, **params: Any) -> Any:
    return (await house.get("/api/webhooks/refused", **params)).json()


def found(page: Any) -> dict[tuple[str, str], int]:
    return {(each["source"], each["reason"]): each["count"] for each in page["items"]}


async def test_every_refused_sender_is_seen_with_its_reason_and_without_its_secret(house: House) -> None:
    with capture_logs() as logs:
        for method, path, headers, body, status, _ in REFUSED:
            answer = await house.http.request(method, path, headers=headers, content=body)
            assert answer.status_code == status, path
    expected = [key for *_, key in REFUSED]

    page = await refused(house)
    figures = (await house.get("/metrics", headers={})).text

    assert found(page) == {key: expected.count(key) for key in expected}
    assert {each["address"] for each in page["items"]} == {"127.0.0.1"}
    assert all(each["text"] and each["mend"] and each["first_at"] <= each["last_at"] for each in page["items"])
    lines = [line for line in logs if line["event"] == "webhook_refused"]
    assert [(line["source"], line["reason"]) for line in lines] == list(dict.fromkeys(expected))
    assert {line["address"] for line in lines} == {"127.0.0.1"}
    assert 'usher_webhooks_refused_total{reason="no_secret",source="tautulli"}' in figures
    for said in (str(logs), str(page), figures):
        assert "canary" not in said


async def test_how_to_fix_it_is_reported(house: House) -> None:
    await house.get(RIGHT, headers={})
    await house.webhook("seerr", {}, token=WRONG)

    wrong, method = (await refused(house))["items"]

    assert (method["text"], method["mend"]) == ("it uses GET", "set the sender's method to POST")
    assert (wrong["text"], wrong["mend"]) == (
        "its secret is wrong",
        "copy the address again from `usher webhooks list`",
    )


async def test_a_secret_of_another_source_is_distinguished_from_a_wrong_one(house: House) -> None:
    made = (await house.post("/api/webhooks/secrets", {"source": "plex"})).json()
    token = made["addresses"][0]["url"].partition("?token=")[2]

    other, wrong = await house.webhook("emby", {}, token=token), await house.webhook("emby", {}, token=WRONG)

    assert other.json() == wrong.json()  # its sender hears nothing of it
    assert found(await refused(house)) == {("emby", "other_source"): 1, ("emby", "wrong_secret"): 1}


async def test_a_webhook_that_is_taken_and_a_wrong_address_elsewhere_are_no_refusals(house: House) -> None:
    await house.webhook("jellyfin", {"NotificationType": "PlaybackStop"})
    await house.get("/nowhere")
    await house.post("/api/keys/webhooks", {})
    await house.http.options("/webhooks/plex")

    assert await refused(house) == {"items": [], "total": 0, "limit": 50, "offset": 0}


async def test_refusals_of_two_gateways_and_of_one_that_stopped_are_added_up(
    database_url: Secret, nats_url: Secret, tmp_path: Path
) -> None:
    config = settings(database_url, nats_url, tmp_path / "one")
    async with prepared(config) as house:
        await house.webhook("plex", {}, token=WRONG)
    other = settings(database_url, nats_url, tmp_path / "other", usher_encryption_keys=config.usher_encryption_keys)
    async with prepared(config) as one, prepared(other) as two:
        for house in (one, two, two):
            await house.webhook("plex", {}, token=WRONG)
        await refused(one)

        page = await refused(two, limit=1)

    assert (page["total"], page["items"][0]["count"]) == (1, 4)


async def test_while_postgres_is_away_refusing_waits_for_nobody_and_is_remembered(
    database_url: Secret, nats_url: Secret, tmp_path: Path
) -> None:
    config = settings(database_url, nats_url, tmp_path)
    async with prepared(config):
        pass
    nowhere = settings(Secret("postgresql://usher@127.0.0.1:1/usher"), nats_url, tmp_path)

    async with open_house(nowhere) as house:
        assert (await house.webhook("plex", {}, token=WRONG)).status_code == 401


FULL_DISK = """
create function refuse() returns trigger language plpgsql as $$ begin raise exception using errcode = '53100'; end $$;
create trigger refuse before insert on refused_senders for each row execute function refuse();
"""


async def test_who_was_refused_before_is_listed_though_nothing_can_be_written(house: House, pool: Pool) -> None:
    await house.webhook("plex", {}, token=WRONG)
    assert found(await refused(house)) == {("plex", "wrong_secret"): 1}
    await pool.execute(FULL_DISK)
    await house.webhook("emby", {}, token=WRONG)

    assert found(await refused(house)) == {("plex", "wrong_secret"): 1}

    await pool.execute("drop trigger refuse on refused_senders")
    assert found(await refused(house)) == {("plex", "wrong_secret"): 1, ("emby", "wrong_secret"): 1}


async def test_what_a_writer_that_is_stopped_had_gathered_is_kept(house: House, pool: Pool) -> None:
    register = RefusalRecorder(pool, now=lambda: datetime.now(UTC))
    register.record("plex", "method", address="10.0.0.1", detail="GET")
    async with pool.acquire() as other, other.transaction():
        await other.execute("lock table refused_senders")
        writing = asyncio.create_task(register.write())
        await until(lambda: _waits(other))
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)

    await register.write()

    assert found(await refused(house)) == {("plex", "method"): 1}


async def _waits(connection: Connection) -> bool:
    """Tell whether someone waits for the table."""
    return bool(
        await connection.fetchval(
            "select exists (select from pg_locks where relation = 'refused_senders'::regclass and not granted)"
        )
    )


@pytest.mark.parametrize("key", ["", "usha_wrong"])
async def test_strangers_do_not_see_who_was_refused(house: House, key: str) -> None:
    assert (await house.get("/api/webhooks/refused", headers={"X-API-Key": key})).status_code == 401
