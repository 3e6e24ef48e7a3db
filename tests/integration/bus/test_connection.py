"""What is logged about the connection: a loss is a warning, a stop is not."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from structlog.testing import capture_logs

from shared.bus.client import Client
from shared.bus.connection import connect
from shared.schemas.secret import Secret
from tests.integration.servers import Running
from tests.integration.service import until


def warnings(logs: Sequence[Mapping[str, Any]]) -> list[str]:
    return [line["event"] for line in logs if line["log_level"] == "warning"]


async def test_a_clean_stop_warns_of_nothing(nats_url: Secret) -> None:
    with capture_logs() as logs:
        async with connect(nats_url, name="test") as bus:
            await bus.client.flush()

    assert warnings(logs) == []


async def test_a_server_that_goes_away_is_warned_of(own_nats: tuple[Running, Secret]) -> None:
    server, url = own_nats
    with capture_logs() as logs:
        async with connect(url, name="test"):
            server.kill()

            await until(lambda: "nats_disconnected" in warnings(logs))


async def test_a_client_that_closes_for_good_is_warned_of_once(nats_url: Secret) -> None:
    with capture_logs() as logs:
        async with connect(nats_url, name="test") as bus:
            old = bus.client
            await old.close()
            await until(lambda: bus.is_connected and bus.client is not old)

    assert warnings(logs) == ["nats_closed"]


async def test_a_stop_in_the_middle_of_connecting_leaves_no_connection_open(nats_url: Secret) -> None:
    part = NeverAttached()
    async with connect(nats_url, name="test", wait=False) as bus:
        await bus.add(part)
        await until(lambda: part.client is not None)

    assert part.client is not None
    assert part.client.is_closed


class NeverAttached:
    """A part that never finishes subscribing."""

    def __init__(self) -> None:
        self.client: Client | None = None

    async def attach(self, client: Client) -> None:
        self.client = client
        await asyncio.Event().wait()

    def lost(self) -> None:
        raise AssertionError("it was never attached")
