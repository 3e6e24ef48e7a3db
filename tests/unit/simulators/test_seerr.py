import asyncio
from datetime import timedelta
from typing import Final

import httpx
import pytest

from simulators.seerr.app import Seerr
from simulators.seerr.dialect import Dialect
from simulators.seerr.users import Permission, UserType
from tests.unit.simulators.seerr_calls import client

NO_PERMISSION: Final = {"status": 403, "error": "You do not have permission to access this endpoint"}
BODY: Final = {"username": "anna", "email": "Anna@Example.com", "password": "long enough"}


async def test_status_is_public_and_tells_the_dialect() -> None:
    versions = []
    for dialect in Dialect:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(Seerr(dialect)), base_url="http://seerr") as bare:
            versions.append((await bare.get("/api/v1/status")).json()["version"])

    assert versions == ["1.34.0", "2.7.3", "3.1.0", "3.3.0"]


async def test_no_key_a_wrong_key_and_an_unknown_user_are_refused_in_two_ways() -> None:
    seerr = Seerr()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(seerr), base_url="http://seerr/api/v1") as bare:
        without = await bare.get("/user")
    wrong = await client(seerr, key="wrong").get("/user")
    unknown = await client(seerr, user=99).get("/user")

    assert (without.status_code, without.json()["message"]) == (401, "cookie 'connect.sid' required")
    assert (wrong.status_code, wrong.json()) == (403, NO_PERMISSION)
    assert (unknown.status_code, unknown.json()) == (403, NO_PERMISSION)


async def test_a_created_user_ignores_permissions_and_comes_back_without_an_address() -> None:
    seerr = Seerr()
    created = await client(seerr).post("/user", json={**BODY, "permissions": 2})
    found = await client(seerr).get(f"/user/{created.json()['id']}")

    assert (created.status_code, created.json()["permissions"], "email" in created.json()) == (201, 32, False)
    assert (found.json()["email"], found.json()["userType"]) == ("anna@example.com", UserType.LOCAL)


async def test_an_address_that_is_taken_is_a_conflict() -> None:
    seerr = Seerr()
    statuses = [await client(seerr).post("/user", json=BODY) for _ in range(2)]

    assert [each.status_code for each in statuses] == [201, 409]
    assert statuses[1].json() == {"message": "User already exists with submitted email.", "errors": ["USER_EXISTS"]}


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"username": "anna"}, 500, "Email notifications must be enabled"),
        ({"email": None, "username": "anna", "password": "p"}, 400, "request.body.email must be string"),
        ({"username": 5, "password": "p"}, 400, "request.body.username must be string"),
        ([], 400, "request.body must be object"),
    ],
)
async def test_what_cannot_be_created_is_refused(body: object, status: int, message: str) -> None:
    response = await client(Seerr()).post("/user", json=body)

    assert (response.status_code, response.json()["message"]) == (status, message)


async def test_the_list_leaves_out_settings_and_shows_ten_unless_asked() -> None:
    seerr = Seerr()
    for number in range(11):
        seerr.users.add(email=f"u{number}@example.com", settings={"discordId": "80"})
    page = (await client(seerr).get("/user")).json()
    rest = (await client(seerr).get("/user", params={"take": "10", "skip": "10"})).json()
    one = (await client(seerr).get("/user/2")).json()

    assert page["pageInfo"] == {"pages": 2, "pageSize": 10, "results": 12, "page": 1}
    assert [len(page["results"]), len(rest["results"]), rest["pageInfo"]["page"]] == [10, 2, 2]
    assert all("settings" not in each for each in page["results"])
    assert one["settings"]["discordId"] == "80"


@pytest.mark.parametrize("query", ["q=a+b", "q=a%20b&unknown=1", "q=anna@example.com", "take=many"])
async def test_a_query_that_is_not_as_described_is_refused(query: str) -> None:
    response = await client(Seerr()).get(f"/user?{query}")

    assert response.status_code == 400


async def test_an_encoded_query_finds_by_any_name() -> None:
    seerr = Seerr()
    seerr.users.add(email="x@example.com", plex_username="Anna B")
    response = await client(seerr).get("/user?q=anna%20b")

    assert [each["email"] for each in response.json()["results"]] == ["x@example.com"]


async def test_putting_a_user_sets_no_quota_and_refuses_what_is_read_only() -> None:
    seerr = Seerr()
    user = seerr.users.add(email="anna@example.com", username="anna")
    quota = {"username": "anna", "permissions": 32, "movieQuotaLimit": 5}
    changed = await client(seerr).put(f"/user/{user.id}", json=quota)
    read_only = await client(seerr).put(f"/user/{user.id}", json={"email": "b@example.com"})
    nothing = await client(seerr).post(f"/user/{user.id}/settings/quota", json={})

    assert (changed.status_code, user.quotas) == (200, {})
    assert (read_only.status_code, nothing.status_code) == (400, 404)


async def test_quotas_are_set_with_the_plain_key_and_not_as_oneself() -> None:
    seerr = Seerr()
    user = seerr.users.add(email="anna@example.com", username="anna")
    own = await client(seerr, user=user.id).post(f"/user/{user.id}/settings/main", json={"movieQuotaLimit": 9})
    before = dict(user.quotas)
    await client(seerr).post(f"/user/{user.id}/settings/main", json={"movieQuotaLimit": 5, "movieQuotaDays": 7})
    main = (await client(seerr).get(f"/user/{user.id}/settings/main")).json()

    assert (own.status_code, before) == (200, {})
    assert (main["movieQuotaLimit"], main["movieQuotaDays"], main["username"]) == (5, 7, "anna")


@pytest.mark.parametrize("dialect", list(Dialect))
async def test_discord_ids_are_kept_as_the_dialect_has_them(dialect: Dialect) -> None:
    seerr = Seerr(dialect)
    user = seerr.users.add(email="anna@example.com", username="anna")
    path = f"/user/{user.id}/settings"
    await client(seerr).post(f"{path}/main", json={"discordId": "80"})
    general = (await client(seerr).get(f"{path}/main")).json()
    await client(seerr).post(f"{path}/notifications", json={"discordId": "81", "discordIds": ["82"]})
    notifications = (await client(seerr).get(f"{path}/notifications")).json()

    is_list = dialect is Dialect.SEERR_OF_MANY_DISCORD_IDS
    assert general.get("discordId", "absent") == ("absent" if is_list else "80")
    assert notifications.get("discordIds", "absent") == (["82"] if is_list else "absent")
    assert notifications.get("discordId", "absent") == ("absent" if is_list else "81")


async def test_notifications_may_be_saved_a_request_late() -> None:
    seerr = Seerr()
    seerr.preferences.saves_late = True
    user = seerr.users.add(email="anna@example.com")
    path = f"/user/{user.id}/settings/notifications"
    saved = (await client(seerr).post(path, json={"discordId": "80"})).json()["discordId"]
    read = [(await client(seerr).get(path)).json()["discordId"] for _ in range(2)]

    assert (saved, read) == ("80", [None, "80"])


async def test_a_first_row_of_settings_may_land_on_the_caller() -> None:
    seerr = Seerr()
    seerr.preferences.settings_land_on_caller = True
    user = seerr.users.add(email="anna@example.com")
    await client(seerr).post(f"/user/{user.id}/settings/notifications", json={"discordId": "80"})

    assert user.settings is None
    assert (seerr.owner.settings or {})["discordId"] == "80"


async def test_an_address_of_somebody_else_cannot_be_taken_in_the_settings() -> None:
    seerr = Seerr()
    seerr.users.add(email="anna@example.com")
    user = seerr.users.add(email="bert@example.com")
    response = await client(seerr).post(f"/user/{user.id}/settings/main", json={"email": "anna@example.com"})

    assert (response.status_code, response.json()["message"]) == (400, "INVALID_EMAIL")


async def test_deleting_a_user_deletes_what_he_asked_for() -> None:
    seerr = Seerr()
    user = seerr.users.add(email="anna@example.com")
    seerr.users.ask_for(user, "movie", 603)
    before = (await client(seerr).get("/request/count")).json()
    deleted = await client(seerr).delete(f"/user/{user.id}")
    after = (await client(seerr).get("/request/count")).json()

    assert (before["total"], before["movie"], before["pending"], deleted.status_code, after["total"]) == (
        1,
        1,
        1,
        200,
        0,
    )


async def test_the_owner_admins_and_the_unknown_cannot_be_deleted() -> None:
    seerr = Seerr()
    manager = seerr.users.add(email="m@example.com", permissions=Permission.MANAGE_USERS)
    admin = seerr.users.add(email="a@example.com", permissions=Permission.ADMIN)
    statuses = [
        (await client(seerr).delete("/user/1")).status_code,
        (await client(seerr, user=manager.id).delete(f"/user/{admin.id}")).status_code,
        (await client(seerr).delete("/user/99")).status_code,
        (await client(seerr).delete("/user/anna")).status_code,
    ]

    assert statuses == [405, 405, 404, 400]


async def test_who_may_not_manage_users_sees_only_himself() -> None:
    seerr = Seerr()
    anna, bert = (seerr.users.add(email=f"{name}@example.com") for name in ("anna", "bert"))
    as_anna = client(seerr, user=anna.id)
    statuses = [
        (await as_anna.post("/user", json=BODY)).status_code,
        (await as_anna.get(f"/user/{bert.id}/settings/main")).status_code,
        (await as_anna.get(f"/user/{anna.id}/settings/main")).status_code,
        (await as_anna.get(f"/user/{bert.id}/quota")).status_code,
        (await as_anna.get("/settings/main")).status_code,
    ]
    listed = (await as_anna.get("/user")).json()["results"]

    assert statuses == [403, 403, 200, 403, 403]
    assert all("email" not in each for each in listed)


async def test_only_the_owner_grants_the_rights_of_an_admin() -> None:
    seerr = Seerr()
    manager = seerr.users.add(email="m@example.com", permissions=Permission.MANAGE_USERS)
    user = seerr.users.add(email="a@example.com")
    path = f"/user/{user.id}/settings/permissions"
    refused = await client(seerr, user=manager.id).post(path, json={"permissions": 2})
    granted = await client(seerr).post(path, json={"permissions": 2})

    assert (refused.status_code, granted.status_code, user.permissions) == (403, 200, 2)


async def test_quotas_count_seasons_but_nothing_that_was_declined() -> None:
    seerr = Seerr()
    user = seerr.users.add(email="anna@example.com", quotas={"tvQuotaLimit": 3})
    seerr.users.ask_for(user, "tv", 1396, seasons=(1, 2))
    seerr.users.ask_for(user, "tv", 1399, seasons=(1, 2), status=3)
    quota = (await client(seerr).get(f"/user/{user.id}/quota")).json()

    assert quota["tv"] == {"limit": 3, "used": 2, "remaining": 1, "restricted": False}
    assert quota["movie"] == {"limit": 0, "used": 0, "restricted": False}


async def test_another_database_gives_the_same_numbers_to_others() -> None:
    seerr = Seerr()
    first = seerr.users.add(email="anna@example.com")
    backup = seerr.users.copy()
    seerr.start_anew()
    second = seerr.users.add(email="bert@example.com")
    seerr.users.restore(backup)

    assert first.id == second.id
    assert [each.email for each in seerr.users.by_id.values()] == ["owner@example.com", "anna@example.com"]


async def test_protection_against_forgery_refuses_every_write_by_key() -> None:
    seerr = Seerr(csrf_protection=True)
    read = await client(seerr).get("/user")
    writes = [
        await client(seerr).post("/user", json=BODY),
        await client(seerr).put("/user", json={"ids": [], "permissions": 0}),
        await client(seerr).post("/auth/plex", json={"authToken": "x"}),
        await client(seerr).post("/nowhere", json={}),
    ]
    setting = await client(seerr).get("/settings/network")

    assert [(each.status_code, each.json()) for each in writes] == [(403, {"message": "invalid csrf token"})] * 4
    assert (read.status_code, setting.json()["csrfProtection"]) == (200, True)


async def test_more_than_four_passwords_at_a_time_wait_for_each_other() -> None:
    seerr = Seerr(password_cost=timedelta(milliseconds=300))
    asked = [
        asyncio.create_task(client(seerr).post("/user", json={"username": f"u{number}", "password": "long enough"}))
        for number in range(8)
    ]

    await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)

    assert len(seerr.users.by_id) <= 1 + 4
    assert [each.status_code for each in await asyncio.gather(*asked)] == [201] * 8


async def test_a_body_that_is_not_declared_as_json_is_refused() -> None:
    response = await client(Seerr()).post("/user", content=b"{}", headers={"Content-Type": "text/plain"})
    broken = await client(Seerr()).post("/user", content=b"{", headers={"Content-Type": "application/json"})

    assert (response.status_code, broken.status_code) == (415, 400)
