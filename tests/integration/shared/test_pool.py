"""The pool: transactions, and what happens to abandoned connections."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from shared.errors import NotFoundError, UnavailableError
from shared.postgres import pool as postgres
from shared.postgres.pool import Pool, acquire, transaction
from shared.schemas.secret import Secret
from tests.integration import proxy
from tests.integration.proxy import Proxy


@pytest.fixture
async def way(database_url: Secret) -> AsyncIterator[Proxy]:
    async with proxy.before(database_url) as opened:
        yield opened


@pytest.fixture
async def far(way: Proxy) -> AsyncIterator[Pool]:
    """A pool whose connection to Postgres can be blocked."""
    async with postgres.connect(way.url, schema="linker", size=2) as opened:
        await opened.execute("create table notes (note text)")
        yield opened


async def notes(pool: Pool) -> list[str]:
    async with acquire(pool) as connection:
        return [row["note"] for row in await connection.fetch("select note from notes")]


async def test_what_is_done_to_its_end_is_committed(far: Pool) -> None:
    async with transaction(far) as connection:
        await connection.execute("insert into notes values ('kept')")

    assert await notes(far) == ["kept"]


async def fail(pool: Pool) -> None:
    async with transaction(pool) as connection:
        await connection.execute("insert into notes values ('lost')")
        raise NotFoundError("nothing there")


async def test_an_error_rolls_back_and_comes_out_as_it_is(far: Pool) -> None:
    with pytest.raises(NotFoundError):
        await fail(far)

    assert await notes(far) == []


async def test_an_error_of_a_statement_is_no_outage(far: Pool) -> None:
    with pytest.raises(asyncpg.UndefinedTableError):
        async with transaction(far) as connection:
            await connection.execute("select * from nowhere")

    assert await postgres.answers(far)


@pytest.mark.parametrize("error", [TimeoutError("Plex is slow"), ConnectionResetError("Plex hung up")])
async def test_an_error_of_somebody_else_inside_of_a_transaction_is_no_outage(far: Pool, error: OSError) -> None:
    async def call_somebody(pool: Pool) -> None:
        async with transaction(pool) as connection:
            await connection.execute("insert into notes values ('lost')")
            raise error

    with pytest.raises(type(error)) as raised:
        await call_somebody(far)

    assert raised.value is error
    assert await notes(far) == []


async def test_a_statement_that_takes_too_long_is_an_outage(far: Pool) -> None:
    with pytest.raises(UnavailableError, match="TimeoutError"):
        async with transaction(far) as connection:
            await connection.execute("select pg_sleep(5)", timeout=0.05)

    assert await postgres.answers(far)


@pytest.mark.parametrize("statements_after", [0, 1])
async def test_a_connection_that_breaks_in_a_transaction_is_an_outage(
    far: Pool, way: Proxy, statements_after: int
) -> None:
    async def lose_the_connection() -> None:
        async with transaction(far) as connection:
            await connection.execute("insert into notes values ('lost')")
            await way.cut()
            for _ in range(statements_after):
                await connection.execute("insert into notes values ('lost, too')")

    with pytest.raises(UnavailableError):
        await lose_the_connection()

    assert await notes(far) == []


async def test_a_mistake_in_a_call_is_no_outage(far: Pool) -> None:
    with pytest.raises(asyncpg.InterfaceError, match="expects 1 argument"):
        async with transaction(far) as connection:
            await connection.execute("insert into notes values ($1)", "one", "two")

    assert await postgres.answers(far)


async def test_a_cancelled_transaction_is_rolled_back(far: Pool) -> None:
    begun = asyncio.Event()

    async def work() -> None:
        async with transaction(far) as connection:
            await connection.execute("insert into notes values ('lost')")
            begun.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert await notes(far) == []


async def test_a_cancellation_while_postgres_is_frozen_is_obeyed_at_once(far: Pool, way: Proxy) -> None:
    begun = asyncio.Event()

    async def work() -> None:
        async with transaction(far) as connection:
            await connection.execute("insert into notes values ('lost')")
            way.block()
            begun.set()
            await connection.execute("insert into notes values ('lost, too')")

    task = asyncio.create_task(work())
    await begun.wait()
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    way.unblock()

    assert await notes(far) == []


async def test_a_frozen_postgres_does_not_answer_and_does_again_when_it_thaws(far: Pool, way: Proxy) -> None:
    way.block()

    while_frozen = await postgres.answers(far)
    way.unblock()

    assert not while_frozen
    assert await postgres.answers(far)


async def test_a_pool_that_is_used_up_is_unavailable_and_not_for_ever(far: Pool) -> None:
    async with acquire(far), acquire(far):
        with pytest.raises(UnavailableError):
            async with acquire(far, within_s=0.1):
                pass

    assert await postgres.answers(far)


async def test_a_postgres_that_goes_away_leaves_no_traceback_in_the_log(
    far: Pool, way: Proxy, caplog: pytest.LogCaptureFixture
) -> None:
    await postgres.answers(far)
    await way.go_away()

    assert not await postgres.answers(far)
    assert [record.message for record in caplog.records if record.exc_info] == []
