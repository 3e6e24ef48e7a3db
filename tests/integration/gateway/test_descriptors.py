"""A gateway with a low limit of open files and connections."""

import asyncio
import resource
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec

from cli.embedded.program import free_port
from shared import descriptors
from tests.integration.gateway.serving import Client, Gateway, head
from tests.integration.gateway.starting import NOWHERE, answers, started
from tests.integration.service import until

HEALTH = head("/health", method="GET")


class Limited(Gateway):
    """A test's gateway, and what it has written when it ended."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.lines: list[dict[str, Any]] = []

    async def statuses(self, connections: int) -> list[int]:
        """Open so many connections, then ask on each, while all of them are open."""
        async with AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(self.connected()) for _ in range(connections)]
            return await asyncio.gather(*(_status(client) for client in clients))


async def _status(client: Client) -> int:
    await client.send(HEALTH)
    return (await client.answer()).status


@asynccontextmanager
async def limited(folder: Path, ulimit: str) -> AsyncIterator[Limited]:
    port = free_port()
    async with (
        started(folder, port, ulimit=ulimit, **NOWHERE) as process,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http,
    ):
        await until(lambda: answers(http, "/health"))
        gateway = Limited(port)
        yield gateway
        process.terminate()
        output, _ = await process.communicate()
        gateway.lines += map(msgspec.json.decode, output.splitlines())


async def test_a_low_limit_that_may_be_raised_is_raised(tmp_path: Path) -> None:
    async with limited(tmp_path, "-Sn 200") as gateway:
        assert await gateway.statuses(400) == [200] * 400
    assert not [line for line in gateway.lines if "descriptors" in line["event"]]


async def test_without_descriptors_for_all_the_rest_is_refused_with_a_word_and_one_line(tmp_path: Path) -> None:
    async with limited(tmp_path, "-n 100") as gateway:
        statuses = await gateway.statuses(200)

        async def has_room() -> bool:
            return await gateway.statuses(5) == [200] * 5

        await until(has_room)

    assert set(statuses) == {200, 503}
    warnings = [line["event"] for line in gateway.lines if "descriptors" in line["event"]]
    assert warnings == ["descriptors_are_few", "descriptors_run_out"]


def test_what_is_raised_is_the_soft_limit_of_this_process() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)

    descriptors.raise_limit()

    assert soft <= descriptors.limit() <= max(soft, descriptors.ENOUGH)
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[1] == hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
