"""A body is read with a limit and a deadline, whatever its sender does."""

from datetime import timedelta

import pytest

from services.gateway.problems import ClientGoneError
from services.gateway.webhooks import body
from services.gateway.webhooks.body import TooSlowError
from shared.errors import TooLargeError
from tests.unit.gateway.fakes import FakeClient

SOON = timedelta(seconds=0.05)
LATER = timedelta(seconds=5)


async def read(client: FakeClient, *, announced: int | None = None, cap: int = 10, within: timedelta = LATER) -> bytes:
    pieces: list[bytes] = []
    await body.read(client, pieces.append, announced=announced, cap=cap, within=within)
    return b"".join(pieces)


async def test_a_body_in_pieces_arrives_whole() -> None:
    received = await read(FakeClient(b"abc", b"", b"def"))

    assert received == b"abcdef"


async def test_a_body_of_exactly_the_cap_is_taken() -> None:
    received = await read(FakeClient(b"0123456789"), announced=10)

    assert received == b"0123456789"


async def test_an_announced_body_over_the_cap_is_refused_before_a_byte_is_read() -> None:
    client = FakeClient(b"0123456789x")

    with pytest.raises(TooLargeError):
        await read(client, announced=50_000_000)
    assert client.asked == 0


async def test_an_unannounced_body_is_counted_as_it_comes() -> None:
    client = FakeClient(b"01234", b"56789", b"x", b"never read")

    with pytest.raises(TooLargeError):
        await read(client)
    assert client.asked == 3


async def test_a_body_longer_than_announced_is_refused_too() -> None:
    with pytest.raises(TooLargeError):
        await read(FakeClient(b"0123456789", b"x"), announced=3)


async def test_a_stalled_body_is_cut_at_the_deadline() -> None:
    with pytest.raises(TooSlowError) as failure:
        await read(FakeClient(b"abc", None), within=SOON)
    assert failure.value.status == 408


async def test_a_client_that_hangs_up_is_no_error_of_ours() -> None:
    with pytest.raises(ClientGoneError) as failure:
        await read(FakeClient(b"abc", complete=False))
    assert failure.value.status == 499
