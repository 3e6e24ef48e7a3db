"""Changing one's password."""

import asyncio
from typing import Any

import httpx
import pytest

from shared.postgres.pool import Pool
from tests.integration.gateway.house import ADMIN, PASSWORD, House
from tests.integration.gateway.test_stream import watching

NEW = "canary-the-new-password"
Headers = dict[str, str]
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def house(restored_house: House) -> House:
    return restored_house


@pytest.fixture
def pool(restored_pool: Pool) -> Pool:
    return restored_pool


async def log_in(house: House, password: str = PASSWORD) -> httpx.Response:
    return await house.post("/api/auth/login", {"username": "admin", "password": password}, headers={})


async def session(house: House) -> Headers:
    return {"Authorization": f"Bearer {(await log_in(house)).json()['token']}"}


async def change(house: House, headers: Headers, current: str = PASSWORD, new: Any = NEW) -> httpx.Response:
    body = {"current_password": current, "new_password": new}
    return await house.http.put("/api/auth/password", json=body, headers=headers)


async def test_the_new_password_counts_and_the_old_one_does_not(house: House) -> None:
    answer = await change(house, await session(house))

    assert (answer.status_code, answer.content) == (204, b"")
    assert (await log_in(house, PASSWORD)).status_code == 401
    assert (await log_in(house, NEW)).status_code == 200


async def test_all_other_sessions_end_with_their_streams_and_this_one_stays(house: House) -> None:
    own, other = await session(house), await session(house)
    async with watching(house, own) as stays, watching(house, other) as ends, asyncio.timeout(30):
        await change(house, own)

        assert [item async for item in ends] == []
        event_id = (await house.webhook("jellyfin", {"NotificationType": "PlaybackStop"})).json()["id"]
        assert (await anext(stays))["id"] == event_id
    assert (await house.get("/api/auth/verify", headers=other)).status_code == 401
    assert (await house.get("/api/auth/verify", headers=own)).status_code == 200


async def test_api_keys_stay(house: House) -> None:
    await change(house, await session(house))

    assert (await house.get("/api/auth/verify", headers=ADMIN)).status_code == 200


async def test_a_wrong_current_password_changes_nothing(house: House) -> None:
    own, other = await session(house), await session(house)

    answer = await change(house, own, current="wrong wrong wrong")

    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"path": "current_password", "message": "is wrong"}]
    assert (await log_in(house, PASSWORD)).status_code == 200
    assert (await house.get("/api/auth/verify", headers=other)).status_code == 200


async def test_guessing_it_is_throttled_together_with_logging_in(house: House) -> None:
    own = await session(house)
    guesses = [(await change(house, own, current=f"wrong password {number}")).status_code for number in range(5)]

    right = await change(house, own)

    assert guesses == [400] * 5
    assert right.status_code == 429
    assert 0 < int(right.headers["Retry-After"]) <= 15
    assert (await log_in(house)).status_code == 429


@pytest.mark.parametrize(
    ("new", "message"),
    [
        ("too short", "Expected `str` of length >= 12"),
        ("x" * 1001, "Expected `str` of length <= 1000"),
        ("a control\tcharacter", "expected text without control"),
        (None, "Expected `str`, got `null`"),
        (PASSWORD, "is the current password"),
    ],
)
async def test_a_new_password_that_is_no_good_is_refused_with_the_reason(house: House, new: Any, message: str) -> None:
    answer = await change(house, await session(house), new=new)

    assert answer.status_code == 400
    [error] = answer.json()["errors"]
    assert (error["path"], error["message"][: len(message)]) == ("new_password", message)
    assert (await log_in(house)).status_code == 200


async def test_an_api_key_has_no_password_to_change(house: House) -> None:
    answer = await change(house, ADMIN)

    assert answer.status_code == 400
    assert "an API key has no password" in answer.json()["detail"]


async def test_it_is_in_the_audit_and_the_passwords_are_not(house: House) -> None:
    own = await session(house)
    await change(house, own, current="canary typed wrong")
    await change(house, own)

    entries = (await house.get("/api/audit")).json()["items"]

    assert [(each["action"], each["actor"]) for each in entries[:2]] == [
        ("password.changed", "admin"),
        ("password.failed", "admin"),
    ]
    assert "canary" not in str(entries)


async def test_of_two_changes_at_once_one_is_made_and_the_other_is_told(house: House) -> None:
    own = await session(house)

    answers = await asyncio.gather(*(change(house, own, new=f"new password {number}") for number in range(2)))

    assert sorted(answer.status_code for answer in answers) == [204, 400]
    [number] = [number for number, answer in enumerate(answers) if answer.status_code == 204]
    assert (await log_in(house, f"new password {number}")).status_code == 200


async def test_a_login_with_the_old_password_at_the_same_moment_leaves_no_session_behind(
    house: House, pool: Pool
) -> None:
    own = await session(house)

    begun, *_ = await asyncio.gather(*(log_in(house) for _ in range(4)), change(house, own))
    sessions = (await house.get("/api/auth/sessions", headers=own)).json()

    assert begun.status_code in {200, 401}
    assert [each["current"] for each in sessions["items"]] == [True]
