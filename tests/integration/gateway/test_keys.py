"""API keys."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.postgres.pool import Pool
from tests.integration.gateway.house import PASSWORD, House


async def test_a_key_is_shown_once_and_kept_as_a_digest(house: House, pool: Pool) -> None:
    made = (await house.post("/api/keys", {"name": "home assistant", "scopes": ["read"]})).json()

    listed = await house.get("/api/keys")

    assert made["key"].startswith("usha_")
    assert made["key"] not in listed.text
    assert [key["name"] for key in listed.json()["items"]] == ["home assistant", "first key"]
    rows = await pool.fetch("select digest::text || name as all from api_keys")
    assert all(made["key"] not in row["all"] for row in rows)


async def test_a_deleted_key_opens_nothing(house: House) -> None:
    made = (await house.post("/api/keys", {"name": "guest", "scopes": ["read"]})).json()
    key = {"X-API-Key": made["key"]}
    assert (await house.get("/api/events", headers=key)).status_code == 200

    assert (await house.delete(f"/api/keys/{made['id']}")).status_code == 204

    assert (await house.get("/api/events", headers=key)).status_code == 401
    assert (await house.delete(f"/api/keys/{made['id']}")).status_code == 404


async def test_an_expired_key_opens_nothing(house: House, pool: Pool) -> None:
    soon = datetime.now(UTC) + timedelta(hours=1)
    made = (await house.post("/api/keys", {"name": "guest", "scopes": ["read"], "expires_at": soon})).json()
    key = {"X-API-Key": made["key"]}
    assert (await house.get("/api/events", headers=key)).status_code == 200

    await pool.execute("update api_keys set expires_at = now() - interval '1 second' where name = 'guest'")

    assert (await house.get("/api/events", headers=key)).status_code == 401


async def test_the_last_use_is_noted_but_not_each_one(house: House, pool: Pool) -> None:
    first = (await house.get("/api/keys")).json()["items"][0]["last_used_at"]
    again = (await house.get("/api/keys")).json()["items"][0]["last_used_at"]
    await pool.execute("update api_keys set used_at = used_at - interval '6 minutes'")
    later = (await house.get("/api/keys")).json()["items"][0]["last_used_at"]

    assert first == again
    assert later > first


WRONG: list[tuple[object, str]] = [
    ({}, "name"),
    ({"name": "", "scopes": ["read"]}, "name"),
    ({"name": "a\x00b", "scopes": ["read"]}, "name"),
    ({"name": "x" * 101, "scopes": ["read"]}, "name"),
    ({"name": "x", "scopes": []}, "scopes"),
    ({"name": "x", "scopes": ["root"]}, "scopes"),
    ({"name": "x", "scopes": "read"}, "scopes"),
    ({"name": "x", "scopes": ["read"], "expires_at": "9999-12-31T23:59:59-12:00"}, "expires_at"),
    ({"name": "x", "scopes": ["read"], "expires_at": "2001-01-01T00:00:00Z"}, "expires_at"),
    ({"name": "x", "scopes": ["read"], "expires_at": "tomorrow"}, "expires_at"),
    ({"name": "x", "scopes": ["read"], "admin": True}, "admin"),
    ([], "body"),
    (None, "body"),
]


FULL_DISK = """
create function refuse() returns trigger language plpgsql as
$$ begin raise exception 'could not extend file: No space left on device' using errcode = 'disk_full'; end $$;
create trigger refuse before update on api_keys for each row execute function refuse();
create trigger refuse before update on sessions for each row execute function refuse();
"""


async def test_who_asks_is_let_in_though_the_use_cannot_be_noted(house: House, pool: Pool) -> None:
    login = (await house.post("/api/auth/login", {"username": "admin", "password": PASSWORD}, headers={})).json()
    await pool.execute("update api_keys set used_at = used_at - interval '6 minutes'")
    await pool.execute("update sessions set used_at = used_at - interval '6 minutes'")
    await pool.execute(FULL_DISK)

    by_key = await house.get("/api/health")
    by_session = await house.get("/api/health", headers={"Authorization": f"Bearer {login['token']}"})

    assert (by_key.status_code, by_session.status_code) == (200, 200)


async def test_a_wrong_wish_is_refused_with_what_is_wrong(house: House) -> None:
    for body, path in WRONG:
        answer = await house.post("/api/keys", body)

        assert answer.status_code == 400, (body, answer.text)
        assert answer.headers["content-type"] == "application/problem+json", body
        assert path in answer.text, body


async def test_keys_are_in_the_audit_by_name(house: House) -> None:
    made = (await house.post("/api/keys", {"name": "guest", "scopes": ["read"]})).json()
    await house.delete(f"/api/keys/{made['id']}")

    entries = (await house.get("/api/audit")).json()["items"]

    assert [(entry["actor"], entry["action"], entry["object"]) for entry in entries] == [
        ("key first key", "key.deleted", "key guest"),
        ("key first key", "key.created", "key guest"),
    ]


async def test_the_audit_is_filtered_and_only_ever_added_to(house: House, pool: Pool) -> None:
    await house.post("/api/keys", {"name": "guest", "scopes": ["read"]})

    assert (await house.get("/api/audit", action="key.created")).json()["total"] == 1
    assert (await house.get("/api/audit", action="login")).json()["total"] == 0
    assert (await house.get("/api/audit", actor="somebody")).json()["total"] == 0
    assert (await house.get("/api/audit", since="2100-01-01T00:00:00Z")).json()["total"] == 0
    for statement in ("delete from audit", "update audit set actor = 'x'", "truncate audit"):
        with pytest.raises(Exception, match="only ever added to"):
            await pool.execute(statement)
