"""Several requests on one connection before the first is answered."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from structlog.testing import capture_logs
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from services.gateway.connections import LimitedProtocol
from tests.integration.gateway.edge.routes import Routes
from tests.integration.gateway.serving import Served, chunk, head, post, serving
from tests.integration.service import until
from tests.unit.gateway.fakes import FakeStorage

OFFER = ("Upgrade: a", "Connection: Upgrade")
NOWHERE = head("/nowhere", method="GET")
GATED = head("/gated", method="GET")
ENDLESS = head("/endless", method="GET")
WEBHOOK = post("/webhooks/plex?token=plex-secret", b'{"event":"media.play"}', "application/json")


@pytest.fixture
def routes() -> Routes:
    return Routes()


@pytest.fixture
def storage() -> FakeStorage:
    return FakeStorage()


@pytest.fixture
async def gateway(routes: Routes, storage: FakeStorage) -> AsyncIterator[Served]:
    async with serving(storage, beside=routes.handlers(), keep_alive_s=0.1) as gateway:
        yield gateway


def complaints(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno > logging.INFO]


@pytest.mark.parametrize(
    "request_",
    [
        head("/nowhere", *OFFER, method="GET"),
        b"GET / HTTP/1.1\r\nUpgrade:a\r\nConnection:Upgrade\r\n\r\n",
        head("/nowhere", *OFFER, "Content-Length: 0"),
        head("/nowhere", *OFFER, "Content-Length: 4") + b"\r\n\r\n",
        head("/nowhere", "Content-Length: 10") + b"\r\n\r\n" * 2 + b"\r\n",
        head("/nowhere", *OFFER, "Transfer-Encoding: chunked") + chunk(b"\r\n\r\n") + b"0\r\n\r\n",
        NOWHERE,
    ],
)
@pytest.mark.parametrize("first", [b"", GATED])
async def test_a_thousand_requests_in_one_breath_are_all_answered_without_a_word_in_the_log(
    gateway: Served, routes: Routes, caplog: pytest.LogCaptureFixture, request_: bytes, first: bytes
) -> None:
    with capture_logs() as lines:
        async with gateway.connected() as client:
            sending = asyncio.create_task(client.send(first + request_ * 1000))
            await until(lambda: routes.asked == bool(first))
            routes.gate.set()
            answers = [(await client.answer()).status for _ in range(1000 + bool(first))]
            await sending

    assert answers == [200] * bool(first) + [404] * 1000
    assert (lines, complaints(caplog)) == ([], [])


async def test_what_comes_behind_a_request_that_waits_is_neither_parsed_nor_read_without_end(
    gateway: Served, routes: Routes
) -> None:
    requests = GATED * 500_000
    async with gateway.connected() as client:
        sending = asyncio.create_task(client.send(requests))
        await until(lambda: routes.asked == 1)

        (connection,) = gateway.connections
        assert connection.flow.read_paused
        assert len(connection.pipeline) == 1
        sending.cancel()


async def test_answers_come_in_the_order_of_the_requests(gateway: Served, routes: Routes) -> None:
    async with gateway.connected() as client:
        await client.send(GATED + WEBHOOK + NOWHERE + WEBHOOK[:-1])
        await until(lambda: routes.asked == 1)
        routes.gate.set()
        answers = [(await client.answer()).status for _ in range(3)]
        await client.send(WEBHOOK[-1:])
        answers.append((await client.answer()).status)

    assert answers == [200, 202, 404, 202]


@pytest.mark.parametrize(
    ("bad", "status"),
    [
        (b"this is not HTTP\r\n\r\n", 400),
        (head("/", *[f"X-{number}: y" for number in range(101)]), 431),
        (head("/", "X: " + "y" * 70_000), 431),
    ],
)
async def test_a_bad_request_is_refused_after_the_answers_to_those_before_it(
    gateway: Served, routes: Routes, storage: FakeStorage, bad: bytes, status: int
) -> None:
    async with gateway.connected() as client:
        await client.send(GATED + WEBHOOK + bad + WEBHOOK)
        await until(lambda: routes.asked == 1)
        routes.gate.set()
        answers = [(await client.answer()).status for _ in range(3)]

        assert answers == [200, 202, status]
        assert await client.is_hung_up()
    assert len(storage.records) == 1


@pytest.mark.parametrize("how", ["close", "reset", "half"])
@pytest.mark.parametrize(
    "requests",
    [
        ENDLESS,
        ENDLESS + NOWHERE,
        ENDLESS + GATED * 1000,
        GATED + ENDLESS,
        ENDLESS + WEBHOOK[:-1],
        ENDLESS + b"?\r\n\r\n",
    ],
)
async def test_a_client_that_leaves_meanwhile_ends_what_is_done_for_it_and_is_a_line_for_debugging(
    gateway: Served, routes: Routes, caplog: pytest.LogCaptureFixture, how: str, requests: bytes
) -> None:
    with capture_logs() as lines:
        _, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        writer.write(requests)
        await until(lambda: routes.asked + routes.streams == 1)
        match how:
            case "reset":
                writer.transport.abort()
            case "half":
                writer.write_eof()
            case _:
                writer.close()
        routes.gate.set()

        await until(gateway.is_idle)
        writer.close()
    assert routes.streams == 0
    assert complaints(caplog) == []
    assert {(line["event"], line["log_level"]) for line in lines} <= {("client_left", "debug")}


async def test_line_breaks_between_requests_do_not_keep_a_connection_open(gateway: Served) -> None:
    async with gateway.connected() as client:
        await client.send(NOWHERE)
        await client.answer()
        hung_up = asyncio.create_task(client.is_hung_up())
        while not hung_up.done():
            with suppress(ConnectionError):
                await client.send(b"\r\n")
            await asyncio.sleep(0.01)

        assert hung_up.result()


async def test_the_pieces_of_a_body_that_nobody_reads_end_no_stream(gateway: Served, routes: Routes) -> None:
    async with gateway.connected() as client:
        await client.send(head("/endless", "Transfer-Encoding: chunked", method="GET"))
        await until(lambda: routes.streams == 1)
        for _ in range(3000):
            await client.send(chunk(b"x"))
            await asyncio.sleep(0)

        assert routes.streams == 1
        assert not gateway.is_idle()


class Counting(HttpToolsProtocol):
    """uvicorn's protocol, which copies all that it has of a body for each piece."""

    pieces = 0

    def on_body(self, body: bytes) -> None:
        Counting.pieces += 1
        super().on_body(body)


class CountedProtocol(LimitedProtocol, Counting):
    """Ours, with uvicorn's counted behind it."""


@pytest.mark.parametrize(
    "body",
    [
        chunk(b'{"event":"media.play"' + b"\r\n\r\n" * 15_000 + b"}"),
        b"".join(map(chunk, [b'{"event":"media.play"', *[b" "] * 10_000, b"}"])),
    ],
    ids=["line breaks", "small chunks"],
)
async def test_a_body_in_tiny_pieces_is_handed_on_as_it_was_read(storage: FakeStorage, body: bytes) -> None:
    Counting.pieces = 0
    request = head("/webhooks/plex?token=plex-secret", "Content-Type: application/json", "Transfer-Encoding: chunked")
    async with serving(storage, protocol=CountedProtocol) as gateway:
        answer = await gateway.ask(request + body + chunk(b""))

    assert answer.status == 202
    assert Counting.pieces < 1000
