"""Logins that need a gateway of their own: its hashes, its users or its clock are not those of a new one."""

import asyncio
import threading
from pathlib import Path
from typing import Literal

from argon2 import PasswordHasher

from services.gateway.access.passwords import Passwords
from shared.postgres.pool import Pool
from shared.schemas.secret import Secret
from tests.integration.gateway.house import PASSWORD, House, prepared, settings
from tests.integration.gateway.test_login import fail, log_in
from tests.integration.service import until


class CountingHasher(PasswordHasher):
    """Counts the hashes that it verifies."""

    verified = 0

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 (its name there)
        self.verified += 1
        return super().verify(hash, password)


class HeldHasher(PasswordHasher):
    """Verifies a wrong password only when released."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.may_go = threading.Event()

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 (its name there)
        if password != PASSWORD:
            self.may_go.wait()
        return super().verify(hash, password)


async def test_a_flood_of_logins_keeps_nobody_out_who_was_let_in_before(
    database_url: Secret, nats_url: Secret, tmp_path: Path
) -> None:
    hasher, statuses = HeldHasher(), list[int]()
    config = settings(database_url, nats_url, tmp_path)

    async def guess(number: int) -> None:
        answer = await log_in(house, username=f"user {number}", password="wrong wrong wrong", at=f"127.0.1.{number}")
        statuses.append(answer.status_code)

    async with prepared(config, passwords=Passwords(hasher)) as house:
        assert (await log_in(house)).status_code == 200
        async with asyncio.TaskGroup() as tasks:
            for number in range(1, 71):
                tasks.create_task(guess(number))
            try:
                await until(lambda: 429 in statuses)  # no more may wait
                assert [(await log_in(house)).status_code for _ in range(3)] == [200] * 3
            finally:
                hasher.may_go.set()


async def test_an_unknown_user_costs_a_hash_too(database_url: Secret, nats_url: Secret, tmp_path: Path) -> None:
    hasher = CountingHasher(time_cost=1, memory_cost=8, parallelism=1)
    async with prepared(settings(database_url, nats_url, tmp_path), passwords=Passwords(hasher)) as house:
        await log_in(house, username="nobody", password="something else")
        for_nobody = hasher.verified
        await log_in(house, password="something else")

    assert (for_nobody, hasher.verified) == (1, 2)


async def test_all_spellings_of_a_name_are_one_account(database_url: Secret, nats_url: Secret, tmp_path: Path) -> None:
    names = ["r\u00e9my sk", "RE\u0301MY SK", "  R\u00c9MY S\u212a ", "re\u0301my \u017fk"]
    config = settings(database_url, nats_url, tmp_path, usher_admin_username="R\u00e9my \u017f\u212a")
    async with prepared(config) as house:
        assert [(await log_in(house, username=name)).status_code for name in names] == [200] * 4

        answers = [await log_in(house, username=name, password="wrong wrong wrong") for name in [*names, *names]]

    assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 3


async def test_a_user_of_an_earlier_version_may_log_in(
    pool: Pool, database_url: Secret, nats_url: Secret, tmp_path: Path
) -> None:
    config = settings(database_url, nats_url, tmp_path)
    async with prepared(config):
        await pool.execute("update users set name_key = null")

    async with prepared(config) as later:
        assert (await log_in(later, username="Admin")).status_code == 200


async def test_a_weaker_hash_is_replaced_at_login(
    database_url: Secret, nats_url: Secret, tmp_path: Path, pool: Pool
) -> None:
    async with prepared(settings(database_url, nats_url, tmp_path), passwords=Passwords()) as house:
        weak = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)
        await pool.execute("update users set password_hash = $1", weak)

        assert (await log_in(house)).status_code == 200

        better: str = await pool.fetchval("select password_hash from users")
        assert better.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
        assert (await log_in(house)).status_code == 200


async def test_a_clock_that_was_set_back_prolongs_no_wait(house: House, pool: Pool) -> None:
    await fail(house, 5)
    await pool.execute("update login_attempts set at = at + interval '1 hour'")

    answer = await log_in(house)
    await pool.execute("update login_attempts set at = at - interval '16 seconds'")

    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 15
    assert (await log_in(house)).status_code == 200
