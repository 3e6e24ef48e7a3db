"""Refresh tokens are good for once: several replicas, a slow or absent Trakt and a Postgres that goes away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

import asyncpg
import msgspec
import pytest

from services.linker.signins.domain import ProvenAccount
from services.linker.signins.flows.trakt_application import TraktApplication
from services.linker.signins.trakt_renewal import IDLE, TraktRenewal
from shared.bus.work import Worker
from shared.keyring import Keyring, new_key
from shared.postgres import pool as postgres
from shared.postgres.pool import Pool
from shared.schemas.events import CredentialDied
from shared.schemas.secret import Secret
from shared.vault import Vault
from tests.integration.linker.flows.scenery import NOON, Scene, refresh_token_of, token_of
from tests.integration.service import until

WEEK: Final = timedelta(days=7)
DUE: Final = NOON - timedelta(minutes=1)
CREDENTIALS: Final = "shared.credentials"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    state: str
    reason: str | None
    expires_in: timedelta | None
    renew_in: timedelta | None
    renewal_tries: int


class Trakts:
    """Trakt accounts, and what became of their tokens."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    async def due(self, name: str = "anna") -> ProvenAccount:
        return await self.scene.link_trakt(name, renew_at=DUE, expires_at=NOON + WEEK / 2)

    async def row(self, proven: ProvenAccount) -> Row:
        row = await self.scene.pool.fetchrow(
            "select state, reason, expires_at, renew_at, renewal_tries from connections where account_id = $1",
            proven.account_id,
        )
        assert row is not None
        now = self.scene.clock.now()
        return Row(
            state=row["state"],
            reason=row["reason"],
            expires_in=None if row["expires_at"] is None else row["expires_at"] - now,
            renew_in=None if row["renew_at"] is None else row["renew_at"] - now,
            renewal_tries=row["renewal_tries"],
        )

    async def has_good_tokens(self, proven: ProvenAccount) -> bool:
        """Say whether both tokens in the vault are those that Trakt takes."""
        access, refresh = (
            await self.scene.vault.get(token_of(proven)),
            await self.scene.vault.get(refresh_token_of(proven)),
        )
        assert access is not None
        assert refresh is not None
        accounts = self.scene.trakt.accounts
        return accounts.holder(access.reveal()) is not None and accounts.refresh(refresh.reveal()) is not None

    @property
    def refreshes(self) -> int:
        return len([one for one in self.scene.trakt.auth.seen if one.path == "/oauth/token"])

    async def deaths(self) -> list[CredentialDied]:
        rows = await self.scene.pool.fetch("select payload from outbox where subject = 'events.credential.died'")
        return [msgspec.json.decode(row["payload"], type=CredentialDied) for row in rows]


@pytest.fixture
async def trakts(scene: Scene) -> Trakts:
    await scene.configure_trakt()
    return Trakts(scene)


def replica(scene: Scene) -> TraktRenewal:
    return replica_on(scene, scene.pool, scene.keyring)


def replica_on(scene: Scene, pool: Pool, keyring: Keyring) -> TraktRenewal:
    vault = Vault(pool, keyring)
    application = TraktApplication(pool=pool, vault=vault, clients=scene.clients)
    return TraktRenewal(worker=Worker(pool), pool=pool, vault=vault, application=application, now=scene.clock.now)


@asynccontextmanager
async def replicas(scene: Scene, url: Secret, count: int) -> AsyncIterator[list[TraktRenewal]]:
    async with asyncio.TaskGroup() as tasks:
        pools = [postgres.connect(url, schema="linker", size=2) for _ in range(count)]
        opened = [replica_on(scene, await pool.__aenter__(), scene.keyring) for pool in pools]
        running = [tasks.create_task(one.run()) for one in opened]
        try:
            yield opened
        finally:
            for task in running:
                task.cancel()
            for pool in pools:
                await pool.__aexit__(None, None, None)


async def test_tokens_are_renewed_for_half_of_their_new_life(trakts: Trakts) -> None:
    anna = await trakts.due()

    pause = await replica(trakts.scene).renew_next()

    assert pause == timedelta()
    assert await trakts.row(anna) == Row(state="ok", reason=None, expires_in=WEEK, renew_in=WEEK / 2, renewal_tries=0)
    assert await trakts.has_good_tokens(anna)


async def test_what_is_not_due_is_left_alone(trakts: Trakts) -> None:
    await trakts.scene.link_trakt("anna", renew_at=NOON + timedelta(seconds=1), expires_at=NOON + WEEK)

    assert await replica(trakts.scene).renew_next() == IDLE
    assert trakts.refreshes == 0


async def test_of_many_replicas_exactly_one_renews(trakts: Trakts, database_url: Secret) -> None:
    people = [await trakts.due(f"person {number}") for number in range(6)]
    trakts.scene.trakt.auth.slow_next(timedelta(milliseconds=300), times=100)

    async def all_done() -> bool:
        rows = [await trakts.row(one) for one in people]
        return all(row.expires_in == WEEK for row in rows)

    async with replicas(trakts.scene, database_url, 3):
        await until(all_done)
        await asyncio.sleep(0.5)

    assert trakts.refreshes == 6
    assert [await trakts.has_good_tokens(one) for one in people] == [True] * 6


async def test_the_row_is_locked_while_trakt_is_asked(trakts: Trakts, database_url: Secret) -> None:
    anna = await trakts.due()
    goes_on = trakts.scene.trakt.auth.hold_next()
    connection = await asyncpg.connect(database_url.reveal(), server_settings={"search_path": "linker"})
    renewing = asyncio.create_task(replica(trakts.scene).renew_next())
    await until(lambda: trakts.refreshes == 1)

    locked = await connection.fetch("select 1 from connections for update skip locked")
    goes_on.set()
    await connection.execute("delete from connections")
    await renewing
    await connection.close()

    assert locked == []
    assert await trakts.has_good_tokens(anna)


async def test_an_account_that_is_linked_anew_meanwhile_keeps_its_new_tokens(trakts: Trakts) -> None:
    anna = await trakts.due()
    await trakts.scene.pool.execute("update connections set renew_at = $1", DUE)
    trakts.scene.trakt.auth.fail_next(503)
    await replica(trakts.scene).renew_next()
    await trakts.scene.pool.execute("update connections set renew_at = $1", NOON + WEEK)

    assert await replica(trakts.scene).renew_next() == IDLE
    assert await trakts.has_good_tokens(anna)


async def test_a_used_refresh_token_is_dead_and_said_once(trakts: Trakts, database_url: Secret) -> None:
    anna = await trakts.due()
    await trakts.scene.pool.execute(
        """insert into identities (provider, server, id, person_id, username, proven, linked_at)
        values ('discord', '', '4711', 'person of anna', 'Anna', true, $1)""",
        NOON,
    )
    refresh = await trakts.scene.vault.get(refresh_token_of(anna))
    assert refresh is not None
    trakts.scene.trakt.accounts.revoke(refresh.reveal())

    async with replicas(trakts.scene, database_url, 2):
        await until(lambda: trakts.refreshes > 0)
        await asyncio.sleep(0.5)

    row, [death] = await trakts.row(anna), await trakts.deaths()
    assert (row.state, row.renew_in) == ("dead", None)
    assert row.reason is not None
    assert "link the account again" in row.reason
    assert (death.person_id, death.provider, death.account_id) == ("person of anna", "trakt", anna.account_id)
    assert (death.discord_id, trakts.refreshes) == ("4711", 1)


@pytest.mark.parametrize("status", [403, 429, 500, 503, 521])
async def test_a_failing_trakt_costs_nothing_but_time(trakts: Trakts, status: int) -> None:
    anna = await trakts.due()
    trakts.scene.trakt.auth.fail_next(status, retry_after="7")

    pause = await replica(trakts.scene).renew_next()
    failed = await trakts.row(anna)
    trakts.scene.clock.advance(timedelta(minutes=1))
    await replica(trakts.scene).renew_next()

    assert pause == IDLE
    assert (failed.state, failed.renew_in, failed.renewal_tries) == ("ok", timedelta(minutes=1), 1)
    assert (await trakts.row(anna)).expires_in == WEEK
    assert await trakts.has_good_tokens(anna)
    assert await trakts.deaths() == []


async def test_each_failure_in_a_row_makes_the_wait_longer(trakts: Trakts) -> None:
    anna = await trakts.due()
    trakts.scene.trakt.auth.fail_next(502, times=3)
    waits = []
    for _ in range(3):
        await replica(trakts.scene).renew_next()
        row = await trakts.row(anna)
        assert row.renew_in is not None
        waits.append(row.renew_in)
        trakts.scene.clock.advance(row.renew_in)

    assert waits == [timedelta(minutes=minutes) for minutes in (1, 2, 4)]


async def test_a_long_wait_that_trakt_asks_for_is_kept(trakts: Trakts) -> None:
    anna = await trakts.due()
    trakts.scene.trakt.auth.fail_next(429, body=b"", retry_after="2852")

    pause = await replica(trakts.scene).renew_next()

    assert (await trakts.row(anna)).renew_in == timedelta(seconds=2852)
    assert pause == timedelta(minutes=5)


async def test_an_answer_that_never_arrives_ends_the_link(trakts: Trakts) -> None:
    anna = await trakts.due()
    trakts.scene.trakt.auth.lose_next()
    await replica(trakts.scene).renew_next()
    before = await trakts.row(anna)
    trakts.scene.clock.advance(timedelta(minutes=1))
    await replica(trakts.scene).renew_next()

    assert before.state == "ok"
    assert (await trakts.row(anna)).state == "dead"
    assert len(await trakts.deaths()) == 1


async def test_a_wrong_application_is_nobodys_death(trakts: Trakts) -> None:
    anna = await trakts.due()
    trakts.scene.trakt.accounts.client_secret = "another"

    pause = await replica(trakts.scene).renew_next()

    assert pause == timedelta(minutes=10)
    assert (await trakts.row(anna)).state == "ok"
    assert await trakts.deaths() == []


async def test_an_answer_that_is_not_understood_is_not_asked_for_again_at_once(trakts: Trakts) -> None:
    await trakts.due("anna")
    await trakts.due("ben")
    trakts.scene.trakt.auth.fail_next(200, body=b'{"tokens": []}', times=2, content_type="application/json")

    assert await replica(trakts.scene).renew_next() == timedelta(minutes=10)
    assert trakts.refreshes == 1


async def test_without_an_application_nothing_is_asked(scene: Scene) -> None:
    await scene.link_trakt("anna", renew_at=DUE, expires_at=NOON + WEEK)

    assert await replica(scene).renew_next() == IDLE
    assert not scene.trakt.auth.seen


async def test_without_the_key_nothing_is_asked_and_nothing_dies(trakts: Trakts) -> None:
    anna = await trakts.due()
    keyless = replica_on(trakts.scene, trakts.scene.pool, Keyring.parse(new_key("other")))

    pause = await keyless.renew_next()

    assert pause == timedelta(minutes=10)
    assert (await trakts.row(anna)).state == "ok"
    assert trakts.refreshes == 0


async def test_a_token_that_was_copied_from_another_account_does_not_open(trakts: Trakts) -> None:
    anna, ben = await trakts.due("anna"), await trakts.due("ben")
    await trakts.scene.pool.execute(
        f"""update {CREDENTIALS} set sealed = other.sealed from {CREDENTIALS} other
        where credentials.owner_id = $1 and other.owner_id = $2
        and credentials.purpose = 'refresh_token' and other.purpose = 'refresh_token'""",  # noqa: S608 (constants)
        refresh_token_of(anna).id,
        refresh_token_of(ben).id,
    )

    pauses = [await replica(trakts.scene).renew_next() for _ in range(2)]

    assert pauses == [timedelta(), timedelta()]
    rows = [await trakts.row(one) for one in (anna, ben)]
    assert [(row.state, row.expires_in) for row in rows] == [("ok", WEEK / 2), ("ok", WEEK)]
    assert trakts.refreshes == 1


async def test_an_account_without_a_refresh_token_is_not_renewed_any_more(trakts: Trakts) -> None:
    anna = await trakts.due()
    await trakts.scene.vault.remove(refresh_token_of(anna))

    await replica(trakts.scene).renew_next()

    row = await trakts.row(anna)
    assert (row.state, row.renew_in, trakts.refreshes) == ("ok", None, 0)


async def test_a_postgres_that_goes_away_after_trakt_has_answered_gets_the_tokens_later(
    trakts: Trakts, database_url: Secret
) -> None:
    anna = await trakts.due()
    admin = await asyncpg.connect(database_url.reveal())
    goes_on = trakts.scene.trakt.auth.hold_next()

    async with postgres.connect(database_url, schema="linker", size=2) as own:
        renewing = asyncio.create_task(replica_on(trakts.scene, own, trakts.scene.keyring).renew_next())
        await until(lambda: trakts.refreshes == 1)
        await admin.fetch(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> $1",
            admin.get_server_pid(),
        )
        goes_on.set()
        await renewing
    await admin.close()

    assert (await trakts.row(anna)).expires_in == WEEK
    assert trakts.refreshes == 1
    assert await trakts.has_good_tokens(anna)


async def test_a_replica_that_dies_leaves_the_account_to_others_after_its_claim(trakts: Trakts) -> None:
    anna = await trakts.due()
    trakts.scene.trakt.auth.slow_next(timedelta(seconds=30))
    dying = asyncio.create_task(replica(trakts.scene).renew_next())
    await until(lambda: trakts.refreshes == 1)
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)

    at_once = await replica(trakts.scene).renew_next()
    trakts.scene.clock.advance(timedelta(minutes=5))
    later = await replica(trakts.scene).renew_next()

    assert (at_once, later) == (IDLE, timedelta())
    assert (await trakts.row(anna)).expires_in == WEEK


async def test_stopping_waits_for_the_renewal_in_the_middle(trakts: Trakts) -> None:
    people = [await trakts.due(name) for name in ("anna", "ben")]
    trakts.scene.trakt.auth.slow_next(timedelta(seconds=1))
    renewal = replica(trakts.scene)
    running = asyncio.create_task(renewal.run())
    await until(lambda: trakts.refreshes == 1)

    await renewal.finish(within=timedelta(seconds=5))
    running.cancel()

    assert sorted([(await trakts.row(one)).expires_in == WEEK for one in people]) == [False, True]
    assert trakts.refreshes == 1


async def test_a_postgres_that_is_away_ends_no_loop(trakts: Trakts, database_url: Secret) -> None:
    async with postgres.connect(database_url, schema="linker", size=1) as own:
        renewal = replica_on(trakts.scene, own, trakts.scene.keyring)
        await own.close()
        running = asyncio.create_task(renewal.run())
        await asyncio.sleep(0.2)
        await renewal.finish(within=timedelta(seconds=1))
        assert not running.done()
        running.cancel()

    assert trakts.refreshes == 0
