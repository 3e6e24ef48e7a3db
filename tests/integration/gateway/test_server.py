"""The webhook routes on a real server against senders good, wrong, slow, huge and hostile."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress

import pytest
from structlog.testing import capture_logs

from shared.schemas.webhooks import SOURCES
from tests.integration.gateway.serving import Answer, Gateway, QuickProtocol, chunk, head, post, serving
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


async def test_a_webhook_is_answered_with_202_and_its_id(gateway: Gateway, storage: FakeStorage) -> None:
    answer = await gateway.ask(GOOD)

    assert answer.status == 202
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"id": storage.records[0].message_id, "duplicate": False}


@pytest.mark.parametrize(
    "request_",
    [
        post("/webhooks/plex/plex-secret", BODY, MULTIPART),
        post("/webhooks/plex", BODY, MULTIPART, "Authorization: plex-secret"),
        post("/webhooks/plex", BODY, MULTIPART, "Authorization: Bearer plex-secret"),
        post(PLEX, PLAY, "application/json"),
        post("/webhooks/jellyfin?token=jellyfin-secret", PLAY, "text/plain; charset=utf-8"),
        head("/webhooks/jellyfin?token=jellyfin-secret", f"Content-Length: {len(PLAY)}") + PLAY,
        post("/webhooks/emby?token=emby-secret", b"data=%7B%7D", "application/x-www-form-urlencoded"),
        post("/webhooks/seerr", b"{}", "application/json", "authorization: seerr-secret"),
        post("/webhooks/tautulli/tautulli-secret", b"{}", "application/json"),
    ],
)
async def test_every_way_of_sending_is_taken(gateway: Gateway, request_: bytes) -> None:
    assert (await gateway.ask(request_)).status == 202


async def test_a_body_in_small_pieces_or_chunks_is_taken(gateway: Gateway, storage: FakeStorage) -> None:
    pieces = [GOOD[start : start + 1500] for start in range(0, len(GOOD), 1500)]
    chunks = [chunk(BODY[start : start + 999]) for start in range(0, len(BODY), 999)]

    first = await gateway.ask(*pieces)
    second = await gateway.ask(head(PLEX, f"Content-Type: {MULTIPART}", CHUNKED), *chunks, b"0\r\n\r\n")

    assert (first.status, second.status) == (202, 202)
    assert [PLAY in record.data for record in storage.records] == [True, True]


async def test_a_large_picture_is_no_hindrance(gateway: Gateway) -> None:
    body = multipart(Part("payload", PLAY), Part("thumb", b"\xff\xd8" * 1_500_000, filename="thumb.jpg"))

    assert (await gateway.ask(post(PLEX, body, MULTIPART))).status == 202


@pytest.mark.parametrize("secret", ["", "?token=wrong", "?token=plex-secre", "/wrong", "?token="])
async def test_a_wrong_secret_is_refused_alike_for_every_source(
    gateway: Gateway, storage: FakeStorage, secret: str
) -> None:
    answers = [await gateway.ask(post(f"/webhooks/{source}{secret}", BODY, MULTIPART)) for source in SOURCES]

    assert {answer.status for answer in answers} == {401}
    assert all(answer.is_problem() for answer in answers)
    assert (
        len({answer.body.replace(source.encode(), b"") for answer, source in zip(answers, SOURCES, strict=True)}) == 1
    )
    assert storage.records == []


async def test_a_secret_of_another_source_is_refused_like_a_wrong_one(gateway: Gateway) -> None:
    foreign = await gateway.ask(post("/webhooks/emby?token=plex-secret", PLAY, "application/json"))
    wrong = await gateway.ask(post("/webhooks/emby?token=no-such-secret", PLAY, "application/json"))

    assert foreign.status == 401
    assert foreign.body == wrong.body


async def test_after_a_refusal_the_connection_goes_on(gateway: Gateway) -> None:
    async with gateway.connected() as client:
        await client.send(post("/webhooks/plex?token=wrong", BODY, MULTIPART))
        refused = await client.answer()
        await client.send(GOOD)
        taken = await client.answer()

    assert (refused.status, taken.status) == (401, 202)


async def test_two_requests_in_one_breath_get_two_answers(gateway: Gateway) -> None:
    async with gateway.connected() as client:
        await client.send(GOOD + post(PLEX, PLAY, "application/json"))

        assert [(await client.answer()).status for _ in range(2)] == [202, 202]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (head(PLEX, method="GET"), 405),
        (head(PLEX, "Content-Length: 0", method="PUT"), 405),
        (post("/webhooks/kodi?token=plex-secret", PLAY, "application/json"), 404),
        (post("/webhooks", PLAY, "application/json"), 404),
        (post(PLEX, PLAY, "application/xml"), 415),
        (post(PLEX, PLAY, "application/json", "Content-Encoding: gzip"), 415),
        (post(PLEX, b"", MULTIPART), 400),
        (post(PLEX, BODY, "multipart/form-data"), 400),
        (post(PLEX, multipart(Part("thumb", b"\xff")), MULTIPART), 400),
        (post(PLEX, multipart(*[Part(f"p{n}", b"") for n in range(1000)]), MULTIPART), 400),
        (post(PLEX, b"[" * 10_000, "application/json"), 400),
        (post(PLEX, b'{"a":"\xff"}', "application/json"), 400),
        (post(PLEX, b'{"a":"\x00"}', "application/json"), 400),
        (post(PLEX, b"[1,2]", "application/json"), 400),
        (post(PLEX, b'{"event":"x","y":"%s"}' % (b"z" * 240_000), "application/json"), 413),
        (post(PLEX, b"z" * 300_000, "application/json"), 413),
        (b"this is not HTTP\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (head(PLEX, "Content-Length: 3", CHUNKED), 400),
        (head(PLEX, "Content-Length: -3"), 400),
    ],
)
async def test_every_refusal_is_a_problem(gateway: Gateway, storage: FakeStorage, request_: bytes, status: int) -> None:
    answer = await gateway.ask(request_)

    assert answer.status == status
    assert answer.is_problem()
    assert storage.records == []


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
    started = time.monotonic()
    async with gateway.connected() as client:
        await client.send(request[:-1])
        answer = await client.answer()

        assert answer.status == 408
        assert answer.is_problem()
        assert await client.is_hung_up()
    assert 0.25 < time.monotonic() - started < 2
    assert storage.records == []


async def test_a_body_that_trickles_is_cut_at_the_same_deadline(gateway: Gateway) -> None:
    started = time.monotonic()
    async with gateway.connected() as client:
        await client.send(GOOD[:-100])
        answering = asyncio.create_task(client.answer())
        for byte in GOOD[-100:-1]:
            if answering.done():
                break
            with suppress(ConnectionError):
                await client.send(bytes([byte]))
            await asyncio.sleep(0.02)
        answer = await answering

    assert answer.status == 408
    assert time.monotonic() - started < 2


async def test_a_client_that_hangs_up_leaves_nothing_behind(gateway: Gateway, storage: FakeStorage) -> None:
    with capture_logs() as logs:
        async with gateway.connected() as client:
            await client.send(GOOD[:-1])
            await asyncio.sleep(0.05)
            client.hang_up()
        answer = await gateway.ask(GOOD)

    assert answer.status == 202
    assert len(storage.records) == 1
    assert logs == []


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


async def test_five_hundred_slow_senders_delay_nobody_else(gateway: Gateway, storage: FakeStorage) -> None:
    async with AsyncExitStack() as stack:
        slow = [await stack.enter_async_context(gateway.connected()) for _ in range(500)]
        await asyncio.gather(*(client.send(GOOD[:-1]) for client in slow[:250]))
        await asyncio.gather(*(client.send(GOOD[:50]) for client in slow[250:]))
        delays = [await timed(gateway) for _ in range(20)]

        answers: list[Answer] = await asyncio.gather(*(client.answer() for client in slow[:250]))

    assert max(delays) < 0.25
    assert {answer.status for answer in answers} == {408}
    assert len(storage.records) == 20


async def timed(gateway: Gateway) -> float:
    started = time.monotonic()
    assert (await gateway.ask(GOOD)).status == 202
    return time.monotonic() - started
