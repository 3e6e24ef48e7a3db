"""The webhook routes on a real server: every way of sending is accepted, and everything else refused clearly."""

from collections.abc import AsyncIterator

import pytest

from shared.schemas.webhook_senders import SOURCES
from tests.integration.gateway.serving import Gateway, NarrowProtocol, chunk, head, post, serving
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


async def test_one_connection_too_many_is_refused_as_a_problem_and_is_taken_once_there_is_room(
    storage: FakeStorage,
) -> None:
    async with serving(storage, protocol=NarrowProtocol) as gateway, gateway.connected() as first:
        await first.send(GOOD)
        answers = [await first.answer()]
        async with gateway.connected() as second:
            await second.send(GOOD)
            answers.append(await second.answer())
            async with gateway.connected() as third:
                await third.send(post("/webhooks/plex/plex-secret", PLAY, "application/json"))
                refused = await third.answer()
                assert await third.is_hung_up()
        answers.append(await gateway.ask(GOOD))

    assert [answer.status for answer in answers] == [202, 202, 202]
    assert len(storage.records) == 3
    assert (refused.status, refused.headers["retry-after"], refused.headers["connection"]) == (503, "5", "close")
    assert refused.is_problem()
    assert refused.json()["instance"] == "/webhooks/plex"
