"""Logging in and out."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from services.gateway.access.login_attempts import LoginAttempts, attempt_key
from services.gateway.access.login_limits import MOST_ATTEMPTS, MOST_KNOWN, MOST_STRANGERS
from services.gateway.retention import Retention
from shared.clock import SteadyClock
from shared.postgres.pool import Pool
from tests.integration.gateway.house import ADMIN, KEY, PASSWORD, TLS, House

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def house(restored_house: House) -> House:
    return restored_house


@pytest.fixture
def pool(restored_pool: Pool) -> Pool:
    return restored_pool


async def log_in(
    house: House, *, username: str = "admin", password: str = PASSWORD, at: str = "127.0.0.1"
) -> httpx.Response:
    transport = httpx.AsyncHTTPTransport(local_address=at, verify=TLS)
    async with httpx.AsyncClient(transport=transport, base_url=house.http.base_url, timeout=20) as http:
        return await http.post("/api/auth/login", json={"username": username, "password": password})


async def fail(house: House, times: int, *, at: str = "127.0.0.1") -> None:
    for _ in range(times):
        assert (await log_in(house, password="wrong wrong wrong", at=at)).status_code in {401, 429}


async def attack(pool: Pool, *, strangers: int) -> None:
    """Guess a password from many addresses, once each."""
    await pool.execute(
        "insert into login_attempts (account, address, area, at) "
        "select sha256('admin'), '10.0.0.' || n, '10.0.0.' || n, now() from generate_series(1, $1::int) n",
        strangers,
    )


async def forget(pool: Pool, *, tries_at: datetime | None = None) -> None:
    """Delete what is old; the clock for waits stands at the given time."""
    moment = tries_at or datetime.now(UTC)
    tries = LoginAttempts(pool, SteadyClock(wall=lambda: moment))
    await Retention(pool, tries, now=lambda: datetime.now(UTC)).once()


async def token(house: House) -> dict[str, str]:
    return {"Authorization": f"Bearer {(await log_in(house)).json()['token']}"}


async def test_a_session_opens_what_its_user_may_see(house: House) -> None:
    bearer = await token(house)

    answer = await house.get("/api/auth/verify", headers=bearer)

    shown = {"name": "admin", "scopes": ["read", "write", "admin"], "kind": "session", "person_id": None}
    assert answer.json() == shown


async def test_each_login_is_a_new_session(house: House) -> None:
    first, second = await token(house), await token(house)

    assert first != second
    assert (await house.get("/api/auth/sessions", headers=first)).json()["total"] == 2


async def test_a_session_that_the_caller_brings_along_is_not_taken_over(house: House) -> None:
    chosen = {"Authorization": "Bearer ushs_chosen-by-an-attacker", "Cookie": "session=ushs_chosen-by-an-attacker"}
    answer = await house.post("/api/auth/login", {"username": "admin", "password": PASSWORD}, headers=chosen)

    assert answer.json()["token"] != "ushs_chosen-by-an-attacker"
    assert (await house.get("/api/auth/verify", headers=chosen)).status_code == 401


async def test_a_session_ends_with_logout(house: House) -> None:
    bearer = await token(house)

    assert (await house.post("/api/auth/logout", headers=bearer)).status_code == 204
    assert (await house.get("/api/auth/verify", headers=bearer)).status_code == 401


async def test_a_session_is_ended_by_its_id(house: House) -> None:
    first, second = await token(house), await token(house)
    sessions = (await house.get("/api/auth/sessions", headers=second)).json()["items"]
    [other] = [session["id"] for session in sessions if not session["current"]]

    assert (await house.delete(f"/api/auth/sessions/{other}", headers=second)).status_code == 204
    assert (await house.get("/api/auth/verify", headers=first)).status_code == 401
    assert (await house.get("/api/auth/verify", headers=second)).status_code == 200
    assert (await house.delete(f"/api/auth/sessions/{other}", headers=second)).status_code == 404


@pytest.mark.parametrize("column", ["used_at", "expires_at"])
async def test_a_session_that_is_idle_or_old_is_over(house: House, pool: Pool, column: str) -> None:
    bearer = await token(house)
    passed = timedelta(hours=13) if column == "used_at" else timedelta(days=15)
    await pool.execute(f"update sessions set {column} = {column} - $1::interval", passed)  # noqa: S608

    assert (await house.get("/api/auth/verify", headers=bearer)).status_code == 401
    assert (await house.get("/api/auth/sessions")).json()["total"] == 0


async def test_a_session_in_use_stays_alive(house: House, pool: Pool) -> None:
    bearer = await token(house)
    await pool.execute("update sessions set used_at = used_at - interval '11 hours'")

    await house.get("/api/auth/verify", headers=bearer)

    used_at = await pool.fetchval("select used_at from sessions")
    assert datetime.now(UTC) - used_at < timedelta(minutes=1)


async def test_the_name_is_taken_in_any_case(house: House) -> None:
    assert (await log_in(house, username="ADMIN")).status_code == 200


async def test_a_wrong_password_and_an_unknown_user_get_the_same_answer(house: House) -> None:
    wrong = await log_in(house, password="something else")
    unknown = await log_in(house, username="nobody", password="something else")

    assert wrong.status_code == unknown.status_code == 401
    assert wrong.content == unknown.content


@pytest.mark.parametrize("username", ["admin", "nobody"])
async def test_after_five_failures_of_an_account_the_next_try_waits(house: House, username: str) -> None:
    for _ in range(5):
        assert (await log_in(house, username=username, password="wrong wrong wrong")).status_code == 401

    answer = await log_in(house, username=username, password=PASSWORD)

    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 15


@pytest.mark.parametrize("is_known", [True, False])
async def test_nobody_waits_for_what_others_do(house: House, is_known: bool) -> None:  # noqa: FBT001 (a case)
    if is_known:
        assert (await log_in(house, at="127.0.0.2")).status_code == 200
    async with asyncio.TaskGroup() as tasks:
        for number in range(10, 16):
            tasks.create_task(fail(house, 5, at=f"127.0.0.{number}"))

    assert (await log_in(house, at="127.0.0.10")).status_code == 429
    assert (await log_in(house, at="127.0.0.2")).status_code == 200


async def test_who_was_let_in_from_an_address_may_mistype_there_during_an_attack(house: House, pool: Pool) -> None:
    await log_in(house)
    await attack(pool, strangers=MOST_STRANGERS - 10)

    assert [(await log_in(house, password="wrong wrong wrong")).status_code for _ in range(5)] == [401] * 5
    assert (await log_in(house)).status_code == 429


async def test_a_stranger_has_a_few_tries_during_an_attack_and_then_shares_its_wait(house: House, pool: Pool) -> None:
    await attack(pool, strangers=MOST_STRANGERS - 10)

    assert [(await log_in(house, password="wrong wrong wrong")).status_code for _ in range(5)] == [401] * 3 + [429] * 2


async def test_guessing_from_many_addresses_ends_after_a_few_hundred_a_day(house: House, pool: Pool) -> None:
    await log_in(house, at="127.0.0.2")
    await attack(pool, strangers=MOST_STRANGERS)

    fresh = await log_in(house, at="127.0.0.3")

    assert fresh.status_code == 429
    assert 0 < int(fresh.headers["Retry-After"]) <= 300
    assert (await log_in(house, at="127.0.0.2")).status_code == 200


async def test_a_log_in_from_elsewhere_forgives_an_attacker_nothing(house: House) -> None:
    await fail(house, 5, at="127.0.0.10")
    await log_in(house, at="127.0.0.2")

    assert (await log_in(house, at="127.0.0.10")).status_code == 429


async def test_what_is_on_record_has_a_bound(house: House, pool: Pool) -> None:
    await log_in(house)
    await pool.execute(
        "insert into login_attempts (account, address, at)"
        " select '', n::text, now() - n * interval '0.5 seconds' from generate_series(1, $1::int) n",
        MOST_ATTEMPTS + 10,
    )
    await pool.execute(
        "insert into known_addresses"
        " select id, n::text, now() - n * interval '1 hour' from users, generate_series(1, 150) n"
    )

    await forget(pool)
    await log_in(house, at="127.0.0.2")

    assert await pool.fetchval("select count(*) from login_attempts") == MOST_ATTEMPTS
    assert await pool.fetchval("select count(*) from known_addresses") == MOST_KNOWN
    await forget(pool, tries_at=datetime.now(UTC) + timedelta(days=91))
    assert await pool.fetchval("select count(*) from login_attempts") == 0
    assert await pool.fetchval("select count(*) from known_addresses") == 0


async def test_tries_of_a_gateway_that_started_before_its_clock_was_set_are_not_forgotten(pool: Pool) -> None:
    began = datetime.now(UTC) - timedelta(days=400)
    tries = LoginAttempts(pool, SteadyClock(wall=lambda: began))
    await tries.count(attempt_key("admin", "10.0.0.1"), None)

    await Retention(pool, tries, now=lambda: datetime.now(UTC)).once()

    assert await pool.fetchval("select count(*) from login_attempts") == 1


async def test_right_passwords_cost_no_try(house: House) -> None:
    answers = await asyncio.gather(*(log_in(house) for _ in range(25)))

    assert [answer.status_code for answer in answers] == [200] * 25


async def test_right_passwords_among_wrong_ones_count_for_nothing(house: House) -> None:
    words = ["wrong wrong wrong", PASSWORD] * 6

    answers = await asyncio.gather(*(log_in(house, password=word) for word in words))

    assert [answer.status_code for answer in answers] == [401, 200] * 6


@pytest.mark.parametrize("name", ["adm\u0130n", "adm\u0131n", "ad\u043cin"])
async def test_a_name_that_only_looks_alike_is_another_name(house: House, name: str) -> None:
    assert (await log_in(house, username=name)).status_code == 401


async def test_who_has_waited_may_log_in_and_is_forgiven(house: House, pool: Pool) -> None:
    for _ in range(5):
        await log_in(house, password="wrong wrong wrong")
    await pool.execute("update login_attempts set at = at - interval '20 seconds'")

    assert (await log_in(house)).status_code == 200
    assert await pool.fetchval("select count(*) from login_attempts") == 0


async def test_many_tries_at_once_are_all_counted(house: House) -> None:
    answers = await asyncio.gather(*(log_in(house, password=f"wrong password {number}") for number in range(12)))

    assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 7


async def test_an_address_waits_after_twenty_failures_of_any_accounts(house: House, pool: Pool) -> None:
    await pool.execute(
        "insert into login_attempts (account, address, at) "
        "select sha256(n::text::bytea), '127.0.0.1', now() from generate_series(1, 20) n"
    )

    assert (await log_in(house)).status_code == 429


async def test_logins_are_in_the_audit_and_what_was_typed_is_not(house: House) -> None:
    before = (await house.get("/api/audit")).json()["total"]
    await log_in(house, username="canary typed into the wrong field", password="x")
    await log_in(house, password="something else")
    await log_in(house)

    audit = (await house.get("/api/audit")).json()
    entries = audit["items"][: audit["total"] - before]

    assert [(entry["action"], entry["actor"], entry["address"]) for entry in entries] == [
        ("login", "admin", "127.0.0.1"),
        ("login.failed", "admin", "127.0.0.1"),
        ("login.failed", "unknown", "127.0.0.1"),
    ]


async def test_an_api_key_has_no_session_to_log_out_of(house: House) -> None:
    for key in (ADMIN, {"Authorization": f"Bearer {KEY}"}):
        refused = await house.post("/api/auth/logout", headers=key)

        assert refused.status_code == 400
        assert "only a session can be logged out" in refused.json()["detail"]
        assert refused.json()["errors"]
    assert (await house.get("/api/auth/verify", headers={"Authorization": f"Bearer {KEY}"})).json()["kind"] == "key"


async def test_who_comes_through_our_proxy_waits_for_nobody_else_behind_it(house: House) -> None:
    async def through_proxy(caller: str, password: str) -> int:
        answer = await house.http.post(
            "/api/auth/login",
            json={"username": "admin", "password": password},
            headers={"X-Forwarded-For": f"10.9.9.9, {caller}"},
        )
        return answer.status_code

    wrong = [await through_proxy("198.51.100.1", "wrong wrong wrong") for _ in range(7)]

    assert wrong[-1] == 429
    assert await through_proxy("198.51.100.2", PASSWORD) in {200, 201}
    assert await through_proxy("198.51.100.1", PASSWORD) == 429
