"""Clients that read the answer slowly."""

import socket
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from tests.integration.gateway.edge.routes import Routes
from tests.integration.gateway.serving import ImpatientProtocol, Served, head, serving
from tests.integration.service import until
from tests.unit.gateway.fakes import FakeStorage

LARGE = head("/large", method="GET")


@pytest.fixture
def routes() -> Routes:
    return Routes()


@pytest.fixture
async def gateway(routes: Routes) -> AsyncIterator[Served]:
    async with serving(FakeStorage(), protocol=ImpatientProtocol, beside=routes.handlers()) as gateway:
        yield gateway


def cut_off(lines: list[EventDict]) -> list[EventDict]:
    return [line for line in lines if line["event"] == "client_takes_nothing"]


@pytest.mark.parametrize(
    "requests",
    [
        LARGE,
        LARGE * 40,
        head("/large", "Connection: close", method="GET"),
        LARGE + b"this is not HTTP\r\n\r\n",
        head("/torrent", method="GET"),
        head("/torrent", method="GET") + LARGE * 40,
    ],
)
async def test_a_client_that_never_reads_is_cut_off(gateway: Served, routes: Routes, requests: bytes) -> None:
    with capture_logs() as lines:
        clients = [socket.create_connection(("127.0.0.1", gateway.port)) for _ in range(10)]
        for client in clients:
            client.sendall(requests)
        await until(lambda: len(cut_off(lines)) == len(clients))
        await until(gateway.is_idle)

        for client in clients:
            client.close()
    assert routes.streams == 0
    assert {line["event"] for line in lines} <= {"client_takes_nothing", "client_left"}


async def test_a_client_that_reads_gets_all(gateway: Served) -> None:
    async with gateway.connected() as client:
        await client.send(LARGE)
        answer = await client.answer()

    assert len(answer.body) == 20_000_000
