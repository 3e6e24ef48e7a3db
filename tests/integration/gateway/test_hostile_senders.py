"""The webhook routes on a real server against senders that are slow, huge, many or hostile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from tests.integration.gateway.serving import Gateway, QuickProtocol, chunk, head, post, serving
from tests.unit.gateway.fakes import FakeStorage
from tests.unit.gateway.multipart_bodies import MULTIPART, Part, multipart

PLAY = b'{"event":"media.play"}'
BODY = multipart(Part("payload", PLAY), Part("thumb", b"\xff\xd8" * 10_000, filename="thumb.jpg"))
PLEX = "/webhooks/plex?token=plex-secret"
GOOD = post(PLEX, BODY, MULTIPART)
CHUNKED = "Transfer-Encoding: chunked"


@pytest.fixture
def storage() -> FakeStorage:
    return FakeStorage()


@pytest.fixture
async def gateway(storage: FakeStorage) -> AsyncIterator[Gateway]:
    async with serving(storage) as gateway:
        yield gateway


@pytest.fixture
async def hasty(storage: FakeStorage) -> AsyncIterator[Gateway]:
    async with serving(storage, protocol=QuickProtocol) as gateway:
        yield gateway


async def test_fifty_megabytes_are_refused_before_they_are_sent(gateway: Gateway) -> None:
    async with gateway.connected() as client:
        await client.send(head(PLEX, f"Content-Type: {MULTIPART}", "Content-Length: 52428800", "Expect: 100-continue"))
        answer = await client.answer()

        assert answer.status == 413
        assert answer.is_problem()
        assert await client.is_hung_up()


@pytest.mark.parametrize("secret", ["plex-secret", "wrong"])
async def test_endless_chunks_are_cut_at_the_cap(gateway: Gateway, storage: FakeStorage, secret: str) -> None:
    async with gateway.connected() as client:
        await client.send(head(f"/webhooks/plex?token={secret}", f"Content-Type: {MULTIPART}", CHUNKED))
        with suppress(ConnectionError):
            for _ in range(100):
                await client.send(chunk(b"x" * 65_536))
        answer = await client.answer()

        assert answer.status == 413
        assert answer.is_problem()
        assert await client.is_hung_up()
    assert storage.records == []


@pytest.mark.parametrize("secret", ["plex-secret", "wrong"])
async def test_a_slow_body_is_cut_at_the_deadline(gateway: Gateway, storage: FakeStorage, secret: str) -> None:
    request = post(f"/webhooks/plex?token={secret}", BODY, MULTIPART)
    async with gateway.connected() as client:
        await client.send(request[:-1])
        answer = await client.answer()

        assert answer.status == 408
        assert answer.is_problem()
        assert await client.is_hung_up()
    assert storage.records == []


async def test_a_body_that_trickles_is_cut_at_the_same_deadline(gateway: Gateway) -> None:
    left = iter(GOOD[-100:-1])
    async with gateway.connected() as client:
        await client.send(GOOD[:-100])
        answering = asyncio.create_task(client.answer())
        for byte in left:
            if answering.done():
                break
            with suppress(ConnectionError):
                await client.send(bytes([byte]))
            await asyncio.sleep(0.02)
        answer = await answering

    assert answer.status == 408
    assert list(left), "it was cut only when no more came"


@pytest.mark.parametrize("protocol", ["websocket", "h2c", "TLS/1.2, HTTP/9"])
@pytest.mark.parametrize("size", [1, 7, 100_000])
async def test_an_offer_of_another_protocol_is_ignored(
    gateway: Gateway, storage: FakeStorage, protocol: str, size: int
) -> None:
    line, _, rest = GOOD.partition(b"\r\n")
    offer = b"Connection: keep-alive, Upgrade\r\nupgrade: %s\r\nHTTP2-Settings: AAMAAABk\r\n" % protocol.encode()
    request = line + b"\r\n" + offer + rest
    with capture_logs() as logs:
        async with gateway.connected() as client:
            for at in range(0, 2000, size):
                await client.send(request[at : min(at + size, 2000)])
            await client.send(request[2000:] + GOOD)
            answers = [(await client.answer()).status for _ in range(2)]

    assert answers == [202, 202]
    assert len(storage.records) == 2
    assert [line["event"] for line in logs] == ["webhook_stored"] * 2


@pytest.mark.parametrize("offered", [b"", b"Connection: Upgrade\r\nUpgrade: websocket\r\n"])
async def test_a_tunnel_is_refused(gateway: Gateway, offered: bytes) -> None:
    async with gateway.connected() as client:
        await client.send(b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n" + offered + b"\r\n")
        answer = await client.answer()

    assert 400 <= answer.status < 500


async def test_a_client_that_hangs_up_leaves_nothing_behind(gateway: Gateway, storage: FakeStorage) -> None:
    with capture_logs() as logs:
        async with gateway.connected() as client:
            await client.send(GOOD[:-1])
            await asyncio.sleep(0.05)
            client.hang_up()
        answer = await gateway.ask(GOOD)

    assert answer.status == 202
    assert len(storage.records) == 1
    assert [line["event"] for line in logs if line["log_level"] != "debug"] == ["webhook_stored"]


@pytest.mark.parametrize(
    "flood",
    [
        [head(PLEX, *[f"X-{number}: y" for number in range(1000)], "Content-Length: 0")],
        [head(PLEX, "X: " + "y" * 100_000, "Content-Length: 0")],
        [head(PLEX + "&x=" + "y" * 100_000, "Content-Length: 0")],
        [b"POST / HTTP/1.1\r\nX: ", *[b"y" * 50_000] * 50],
        [b"POST / HTTP/1.1\r\n", *[b"X: y\r\n" * 1000] * 50],
    ],
)
async def test_a_flood_of_headers_is_cut(gateway: Gateway, storage: FakeStorage, flood: list[bytes]) -> None:
    async with gateway.connected() as client:
        with suppress(ConnectionError):
            for piece in flood:
                await client.send(piece)
        answer = await client.answer()

        assert answer.status == 431
        assert answer.is_problem()
        assert await client.is_hung_up()
    assert storage.records == []
    assert (await gateway.ask(GOOD)).status == 202


@pytest.mark.parametrize("said", [b"", b"POST /webhooks/plex HT", b"POST / HTTP/1.1\r\nHost: a\r\n"])
async def test_a_request_that_never_comes_is_cut(hasty: Gateway, said: bytes) -> None:
    async with hasty.connected() as client:
        await client.send(said)
        answer = await client.answer()

        assert answer.status == 408
        assert answer.is_problem()
        assert await client.is_hung_up()


async def test_a_second_request_that_never_comes_to_its_end_is_cut(hasty: Gateway) -> None:
    async with hasty.connected() as client:
        await client.send(GOOD)
        first = await client.answer()
        await client.send(head(PLEX, "Content-Length: 10")[:-2])
        second = await client.answer()

    assert (first.status, second.status) == (202, 408)


async def test_what_follows_a_refused_body_is_cut_too(hasty: Gateway) -> None:
    async with hasty.connected() as client:
        await client.send(head("/nowhere", "Content-Length: 1000000000"))
        answer = await client.answer()
        with suppress(ConnectionError):
            for _ in range(100):
                await client.send(b"x" * 1000)
                await asyncio.sleep(0.02)

        assert answer.status == 404
        assert await client.is_hung_up()


async def test_five_hundred_slow_senders_delay_nobody_else(storage: FakeStorage) -> None:
    async with serving(storage, deadline=timedelta(hours=1)) as gateway, AsyncExitStack() as stack:
        slow = [await stack.enter_async_context(gateway.connected()) for _ in range(500)]
        await asyncio.gather(*(client.send(GOOD[:-1]) for client in slow[:250]))
        await asyncio.gather(*(client.send(GOOD[:50]) for client in slow[250:]))

        answers = [await gateway.ask(GOOD) for _ in range(20)]

    assert {answer.status for answer in answers} == {202}
    assert len(storage.records) == 20
