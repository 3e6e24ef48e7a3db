"""The client on a real nats-server: cancelling what waits for an answer ends it, even where the answer comes."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from cli.embedded.program import free_port
from shared.bus.client import Client
from shared.schemas.secret import Secret


@pytest.fixture
async def client(nats_url: Secret) -> AsyncIterator[Client]:
    connected = Client()
    await connected.connect(nats_url.reveal())
    yield connected
    await connected.close()


async def test_a_cancellation_that_comes_with_the_answer_is_not_forgotten(client: Client) -> None:
    async def flush_for_ever() -> None:
        while True:
            await client.flush()

    task = asyncio.create_task(flush_for_ever())
    await asyncio.sleep(0)
    (pong,) = client._pongs  # noqa: SLF001 (the very moment of the answer)

    pong.add_done_callback(lambda _: task.cancel())

    done, _ = await asyncio.wait([task], timeout=30)
    assert done, "the task goes on"
    assert task.cancelled()


async def test_a_cancelled_request_ends_at_once(client: Client) -> None:
    await client.subscribe("never.answers")
    task = asyncio.create_task(client.request("never.answers", b"", timeout=60))
    await client.flush()

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_cleaning_up_after_a_cancellation_is_not_cut_off(client: Client) -> None:
    async def wait_then_flush() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await client.flush()
            flushed.set()

    flushed = asyncio.Event()
    task = asyncio.create_task(wait_then_flush())
    await asyncio.sleep(0)

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert flushed.is_set()


async def test_connecting_to_nobody_ends_whenever_it_is_cancelled() -> None:
    async def connect_for_ever() -> None:
        await Client().connect(
            f"nats://127.0.0.1:{free_port()}", max_reconnect_attempts=-1, reconnect_time_wait=0, error_cb=say_nothing
        )

    tasks = []
    for number in range(200):
        tasks.append(asyncio.create_task(connect_for_ever()))
        await asyncio.sleep(number / 100_000)
        tasks[-1].cancel()

    done, _ = await asyncio.wait(tasks, timeout=30)
    assert len(done) == len(tasks)
    assert all(task.cancelled() for task in tasks)


async def say_nothing(_error: Exception) -> None:
    return
